import { DatabaseSync } from "node:sqlite";

/**
 * dynoxide looks for the last change of a table at every write, and for a stream's changes after a place at every read,
 * by scanning all changes there ever were. SQLite takes these indexes for both from the next statement on.
 */
export const streamIndexes = [
  "CREATE INDEX IF NOT EXISTS _stream_records_last ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
  "CREATE INDEX IF NOT EXISTS _stream_records_after ON _stream_records (table_name, shard_id, CAST(sequence_number AS INTEGER))",
  "CREATE INDEX IF NOT EXISTS _stream_records_range ON _stream_records (table_name, shard_id, sequence_number)",
] as const;

/** Adds what the engine's file lacks. The engine runs meanwhile: the file is one of SQLite with a write-ahead log. */
export const addStreamIndexes = (file: string): void => {
  const database = new DatabaseSync(file);
  try {
    database.exec("PRAGMA busy_timeout = 5000");
    for (const index of streamIndexes) database.exec(index);
  } finally {
    database.close();
  }
};

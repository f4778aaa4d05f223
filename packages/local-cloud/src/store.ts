import { DatabaseSync } from "node:sqlite";

/** A named collection of JSON documents under string keys, kept in key order. */
export interface Collection<T> {
  get(key: string): T | undefined;
  put(key: string, value: T): void;
  delete(key: string): void;
  /** Entries whose key starts with `prefix`, in key order. */
  list(prefix?: string): { key: string; value: T }[];
}

export interface Store {
  collection<T>(name: string): Collection<T>;
  close(): void;
}

/** The state of the embedded services that have no engine of their own: one SQLite file, safe against `kill -9`. */
export const openStore = (file: string): Store => {
  const db = new DatabaseSync(file);
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS documents (collection TEXT, key TEXT, value TEXT, PRIMARY KEY (collection, key)) WITHOUT ROWID;
  `);
  const get = db.prepare("SELECT value FROM documents WHERE collection = ? AND key = ?");
  const put = db.prepare("INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  const remove = db.prepare("DELETE FROM documents WHERE collection = ? AND key = ?");
  const list = db.prepare(
    // The primary key answers a range; the second bound is the last code point there is.
    "SELECT key, value FROM documents WHERE collection = ? AND key >= ? AND key < ? || char(1114111) ORDER BY key",
  );
  return {
    collection: <T>(name: string): Collection<T> => ({
      get(key) {
        const row = get.get(name, key);
        return row === undefined ? undefined : (JSON.parse(String(row["value"])) as T);
      },
      put: (key, value) => void put.run(name, key, JSON.stringify(value)),
      delete: (key) => void remove.run(name, key),
      list: (prefix = "") =>
        list
          .all(name, prefix, prefix)
          .map((row) => ({ key: String(row["key"]), value: JSON.parse(String(row["value"])) as T })),
    }),
    close: () => db.close(),
  };
};

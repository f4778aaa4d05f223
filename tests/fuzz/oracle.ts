/** A tenant, and all texts by which something of it could be told. */
export type Party = {
  readonly id: string;
  /** Ids that an operation could be pointed at. */
  readonly ids: readonly string[];
  /** Texts that only this tenant's things have, ids among them. */
  readonly marks: readonly string[];
};

export type Asked = {
  readonly who: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
};

export type Told = {
  readonly status: number;
  readonly text: string;
  readonly headers: Iterable<readonly [string, string]>;
};

/** What an answer gives away of another tenant, in words; nothing where it keeps to itself. */
export const leaksOf = ({ who, method, path, headers, body }: Asked, answer: Told, foreign: Party): string[] => {
  const request = `${who}: ${method} ${path}`;
  // What the caller said itself is no secret from it.
  const said = `${decodeURIComponent(path)} ${JSON.stringify(body) ?? ""} ${JSON.stringify(headers)}`;
  const told = `${answer.text} ${JSON.stringify([...answer.headers])}`;
  const shown = foreign.marks.filter((mark) => told.includes(mark) && !said.includes(mark));
  // Queries filter what is one's own; a path names what is asked for.
  const aimed = foreign.ids.some((id) => path.includes(id)) && !/[?&]/.test(path);
  return [
    ...(shown.length > 0 ? [`${request} shows ${shown.join(", ")}`] : []),
    ...(aimed && answer.status < 300 ? [`${request} answers ${answer.status}`] : []),
    ...(answer.status >= 500 ? [`${request} answers ${answer.status}`] : []),
  ];
};

/** What a figure should come to, or its ratio to what it is measured against. */
export type Aim = { readonly of: "value" | "ratio"; readonly atMost?: number; readonly atLeast?: number };

/** One measured figure. `beside` is the alternative measured in the same run; `limit` a stated upper bound. */
export type Row = {
  measure: string;
  value: number;
  unit: string;
  beside?: { what: string; value: number };
  limit?: number;
  aim?: Aim;
};

export type Bench = { name: string; run(): Promise<Row[]> };

const figure = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString("en") : value >= 10 ? value.toFixed(1) : value.toPrecision(3);

const aimed = ({ value, unit, beside }: Row, { of, atMost, atLeast }: Aim): string => {
  const reached = of === "value" ? value : value / (beside?.value ?? Number.NaN);
  const [sign, bound = Number.NaN] = atMost === undefined ? ["≥", atLeast] : ["≤", atMost];
  const isMet = sign === "≤" ? reached <= bound : reached >= bound;
  return `${sign} ${of === "value" ? `${bound} ${unit}` : `${bound}×`}: ${isMet ? "met" : "missed"}`;
};

const cellsOf = (row: Row): string[] => {
  const { measure, value, unit, beside, limit, aim } = row;
  const against = beside?.value ?? limit;
  const [than, what] = beside === undefined ? [limit, "at most"] : [beside.value, beside.what];
  return [
    measure,
    `${figure(value)} ${unit}`,
    against === undefined ? "" : `${(value / against).toFixed(2)}×`,
    than === undefined ? "" : `${figure(than)} ${unit} ${what}`,
    aim === undefined ? "" : aimed(row, aim),
  ];
};

const headings = ["measure", "value", "ratio", "to", "aim"];
/** Numbers stand at the right of their column. */
const isNumber = [false, true, true, false, false];
/** Longer text goes on in the line below. */
const widest = 58;

const wrapped = (text: string): string[] => {
  const at = text.length <= widest ? -1 : text.lastIndexOf(" ", widest);
  return at <= 0 ? [text] : [text.slice(0, at), ...wrapped(`  ${text.slice(at + 1)}`)];
};

/** Rows as a table to print: the figure, its ratio to what it is measured against, what that is, and the aim. */
export const table = (rows: readonly Row[]): string[] => {
  const cells = [headings, ...rows.map(cellsOf)].map((row) => row.map(wrapped));
  const widths = headings.map((_, column) =>
    Math.max(...cells.flatMap((row) => (row[column] ?? []).map(({ length }) => length))),
  );
  return cells.flatMap((row) =>
    Array.from({ length: Math.max(...row.map(({ length }) => length)) }, (_, at) =>
      row
        .map((lines, column) => {
          const [text, width] = [lines[at] ?? "", widths[column] ?? 0];
          return isNumber[column] === true ? text.padStart(width) : text.padEnd(width);
        })
        .join("  ")
        .trimEnd(),
    ),
  );
};

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

/** A row as printed: the figure, what it is measured against, the ratio to that, and the aim. */
export const line = (row: Row): string[] => {
  const { measure, value, unit, beside, limit, aim } = row;
  const against = beside?.value ?? limit;
  return [
    measure,
    `${figure(value)} ${unit}`,
    beside
      ? `${figure(beside.value)} ${unit} ${beside.what}`
      : limit === undefined
        ? ""
        : `limit ${figure(limit)} ${unit}`,
    against === undefined ? "" : `${(value / against).toFixed(2)}×`,
    aim === undefined ? "" : aimed(row, aim),
  ];
};

export const headings = ["measure", "value", "beside", "ratio", "aim"];

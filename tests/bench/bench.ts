/** One measured figure. `beside` is the alternative measured in the same run; `limit` a stated upper bound. */
export type Row = {
  measure: string;
  value: number;
  unit: string;
  beside?: { what: string; value: number };
  limit?: number;
};

export type Bench = { name: string; run(): Promise<Row[]> };

const figure = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString("en") : value >= 10 ? value.toFixed(1) : value.toPrecision(3);

/** A row as printed: the figure, and the ratio to what it is measured against. */
export const line = ({ measure, value, unit, beside, limit }: Row): string[] => [
  measure,
  `${figure(value)} ${unit}`,
  beside
    ? `${figure(beside.value)} ${unit} ${beside.what}`
    : limit === undefined
      ? ""
      : `limit ${figure(limit)} ${unit}`,
  beside ? `${(value / beside.value).toFixed(2)}×` : limit === undefined ? "" : `${(value / limit).toFixed(2)}×`,
];

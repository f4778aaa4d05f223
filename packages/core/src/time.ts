import { z } from "zod";

/** An instant as the API writes it: RFC 3339 in UTC with milliseconds, `2026-11-20T13:45:12.123Z`. */
export const Instant = z.iso.datetime();
export type Instant = z.infer<typeof Instant>;

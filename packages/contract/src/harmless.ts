/** A text that a spreadsheet would take for a formula is quoted as spreadsheets do. */
export const harmless = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

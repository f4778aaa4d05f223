import { type ProblemCode, problems } from "@tenantry/core/problem";
import { parse } from "marked";
import { page } from "./page.ts";

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(problems, code);

const style = `
:root { color-scheme: light dark }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1.25rem }
h1 { line-height: 1.25 }
code { font-size: .92em }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; border: 1px solid #8884; border-radius: .5rem }
`;

/** The page of a problem as a browser shows it, from its Markdown in docs/problems. */
export const problemPage = (code: ProblemCode, markdown: string): string =>
  page(problems[code].title, style, parse(markdown, { async: false }));

import { z } from "zod";
import { define, none } from "./define.ts";
import { problemCodes } from "./schemas/problem.ts";

const json = "application/json";

/** The operations of the service itself: whether it is up, and its documentation. */
export const serviceOperations = {
  getHealth: define("getHealth", {
    tag: "Service",
    summary: "Ask whether the API is up",
    description: "Answers without a token and without a look at anything else.",
    params: none,
    query: none,
    body: null,
    success: {
      status: 200,
      description: "The API is up.",
      contentType: json,
      body: z.strictObject({ status: z.literal("ok") }),
    },
    problems: [],
  }),
  getOpenapi: define("getOpenapi", {
    tag: "Service",
    summary: "Get this document",
    description: "The API as OpenAPI 3.1.",
    params: none,
    query: none,
    body: null,
    success: {
      status: 200,
      description: "The OpenAPI document.",
      contentType: json,
      body: z.looseObject({ openapi: z.string() }),
    },
    problems: [],
  }),
  getDocs: define("getDocs", {
    tag: "Service",
    summary: "Read the documentation",
    description: "The API for people.",
    params: none,
    query: none,
    body: null,
    success: { status: 200, description: "A page.", contentType: "text/html; charset=utf-8", body: z.string() },
    problems: [],
  }),
  getDocsViewer: define("getDocsViewer", {
    tag: "Service",
    summary: "Get the documentation's viewer",
    description: "The script of the page at `/docs`.",
    params: none,
    query: none,
    body: null,
    success: { status: 200, description: "A script.", contentType: "text/javascript; charset=utf-8", body: z.string() },
    problems: [],
  }),
  getProblem: define("getProblem", {
    tag: "Service",
    summary: "Read about a problem",
    description: "The page that a problem's `type` leads to.",
    params: z.strictObject({
      code: z.string().min(1).max(64).meta({ description: "The problem.", example: problemCodes[0] }),
    }),
    query: none,
    body: null,
    success: { status: 200, description: "A page.", contentType: "text/html; charset=utf-8", body: z.string() },
    problems: ["not-found"],
  }),
} as const;

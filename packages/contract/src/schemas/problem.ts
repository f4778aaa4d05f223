import { type ProblemCode, problems } from "@tenantry/core/problem";
import { Instant } from "@tenantry/core/time";
import { z } from "zod";

/** A problem's `type`, a reference relative to the API's root, where its page is served. */
export const problemType = (code: ProblemCode) => `/problems/${code}`;

export const problemContentType = "application/problem+json";

export const problemCodes = Object.keys(problems) as [ProblemCode, ...ProblemCode[]];

/** RFC 9457. */
export const ProblemBody = z
  .strictObject({
    type: z
      .string()
      .meta({ description: "Names the kind of problem and leads to its page, relative to the API's root." }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: "What is wrong with this request." }),
    request_id: z.string().meta({ description: "Quote it when you ask for help." }),
    resets_at: Instant.optional().meta({ description: "When it will be granted again, where that is known." }),
    errors: z
      .array(
        z.strictObject({
          pointer: z.string().meta({
            description:
              "A JSON pointer into the body (`/config/region`), or a parameter (`query:from`, `path:tenant_id`).",
          }),
          detail: z.string(),
        }),
      )
      .optional()
      .meta({ description: "Each fault of the request, on 400." }),
  })
  .meta({ id: "Problem", description: "An error (RFC 9457)." });
export type ProblemBody = z.infer<typeof ProblemBody>;

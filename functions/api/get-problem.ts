import { serviceOperations } from "@tenantry/contract/service-operations";
import { Problem } from "@tenantry/core/problem";
import { http } from "@tenantry/lambda/http";
import { readAsset } from "./asset.ts";
import { pagePolicy } from "./page.ts";
import { isProblemCode, problemPage } from "./problem-page.ts";

export const handler = http(serviceOperations.getProblem, async ({ params: { code } }) => {
  if (!isProblemCode(code)) throw new Problem("not-found", `There is no problem ${code}.`);
  const body = problemPage(code, await readAsset(`problems/${code}.md`));
  return { body, headers: { "content-security-policy": pagePolicy } };
});

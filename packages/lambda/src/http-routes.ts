import type { Operation } from "@tenantry/contract/define";
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from "aws-lambda";

type Handler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;

/**
 * One function for several operations that need the same permissions: each request goes to the handler of the operation
 * whose method and path API Gateway matched.
 *
 * @throws Error for a route that is none of theirs: the stacks and the function disagree
 */
export const httpRoutes = (...routes: readonly (readonly [Pick<Operation, "method" | "path">, Handler])[]): Handler => {
  const byKey = new Map(routes.map(([{ method, path }, handler]) => [`${method} ${path}`, handler]));
  return async (event, context) => {
    const handler = byKey.get(`${event.httpMethod} ${event.resource}`);
    if (handler === undefined)
      throw new Error(`No operation of this function is ${event.httpMethod} ${event.resource}.`);
    return handler(event, context);
  };
};

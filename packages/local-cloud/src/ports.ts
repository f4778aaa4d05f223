import { type ApiServer, createApiServer } from "./api/server.ts";
import { createGateway, type Gateway, type GatewayOptions } from "./gateway/server.ts";
import { StartError } from "./start-error.ts";

const bind = async <T>(what: string, port: number, open: () => Promise<T>): Promise<T> => {
  try {
    return await open();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") throw new StartError(`Port ${port} (${what}) is in use: choose another with --port.`);
    if (code === "EACCES")
      throw new StartError(`Port ${port} (${what}) needs more rights: choose one above 1023 with --port.`);
    throw error;
  }
};

/**
 * Binds the API on `port` and the AWS endpoint on the next one, or both anywhere for port 0.
 * @throws StartError when one is taken.
 */
export const bindPorts = async (
  port: number,
  options: Omit<GatewayOptions, "port">,
): Promise<{ api: ApiServer; gateway: Gateway }> => {
  const api = await bind("the API", port, () => createApiServer({ port }));
  const next = port === 0 ? 0 : port + 1;
  try {
    const gateway = await bind("the AWS endpoint, next to the API's", next, () =>
      createGateway({ ...options, port: next }),
    );
    return { api, gateway };
  } catch (error) {
    await api.close();
    throw error;
  }
};

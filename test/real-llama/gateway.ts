import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway.ts';
import { afterEach } from 'vitest';
import { freePorts } from '../kit/free-port.ts';
import { assertNoProcessLeft } from '../kit/processes.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';

afterEach(() => assertNoProcessLeft());

/** A gateway with these models, on ports that nobody else has. Ends with the `using` that it is taken with. */
export async function startGateway(
  config: { models: Record<string, object>; [key: string]: unknown },
  more: Pick<GatewayOptions, 'drainTimeoutMs'> = {},
): Promise<Gateway & AsyncDisposable> {
  const startPort = await freePorts(Object.keys(config.models).length);
  const options = { config: { startPort, ...config }, listen: '127.0.0.1:0', dataDir: temporaryFolder(), ...more };
  const gateway = await createGateway(options);
  return { ...gateway, [Symbol.asyncDispose]: () => gateway.close() };
}

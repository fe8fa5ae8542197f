/** What a gateway process wrote to its access log. */
import { eventually } from './eventually.ts';
import type { GatewayProcess } from './gateway.ts';

type Line = Record<string, unknown>;

const ACCESS = 'Request completed';

/** All lines of the access log so far: one per request that has ended. */
export function accessLines(gateway: Pick<GatewayProcess, 'logs'>): Line[] {
  return gateway.logs().filter((line) => line['message'] === ACCESS);
}

/** The line of one request. Waits for it, for lines are written in batches; throws when there is more than one. */
export async function accessLine(gateway: Pick<GatewayProcess, 'logs'>, correlationId: string): Promise<Line> {
  const find = () => accessLines(gateway).filter((line) => line['correlation_id'] === correlationId);
  await eventually(() => find().length > 0, { what: `the line of ${correlationId} in the access log` });
  const [line, ...others] = find();
  if (line === undefined || others.length > 0) throw new Error(`${correlationId} has ${others.length + 1} lines in the access log`);
  return line;
}

/** A line of the log that is no request's, once it is there. */
export function logLine(gateway: Pick<GatewayProcess, 'logs'>, message: string): Promise<Line> {
  return eventually(() => gateway.logs().find((line) => line['message'] === message), { what: `'${message}' in the log` });
}

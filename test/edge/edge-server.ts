/** A listener on a free port, with tiny handlers behind it, for tests of the edge alone. */
import { systemClock } from '../../src/base/system-clock.ts';
import { createListener, type Listener } from '../../src/edge/listener.ts';
import type { Route } from '../../src/edge/route-table.ts';
import { serverConfig } from '../../src/edge/server-config.ts';
import type { Outcome } from '../../src/pipeline/exchange.ts';
import type { Handler } from '../../src/pipeline/policy.ts';
import type { Reply } from '../../src/pipeline/reply.ts';
import type { RefusedRequest } from '../../src/policies/observe/observe.ts';
import type { LogFields } from '../../src/telemetry/logger.ts';

export interface EdgeServer extends AsyncDisposable {
  readonly listener: Listener;
  readonly url: string;
  /** What was refused before it had a route. */
  readonly refused: RefusedRequest[];
  /** How each exchange ended. */
  readonly outcomes: Outcome[];
  /** Errors that were logged. */
  readonly errors: LogFields[];
}

/** A public system route. */
export function route(pattern: string, handler: Handler, more: Partial<Route> = {}): Route {
  return { pattern, methods: ['GET', 'POST'], kind: 'system', access: 'public', dialect: 'service', handler, ...more };
}

export function text(body: string, status = 200): Reply {
  return { status, headers: { 'content-type': 'text/plain' }, body };
}

export const ECHO = route('/echo', async (request) => {
  const bytes = request.body.kind === 'unread' ? await request.body.read(1_000_000) : new Uint8Array(0);
  return text(`${request.method} ${request.path}${request.search} ${new TextDecoder().decode(bytes)}`);
});

/** `config` as it would stand in the file, on top of the defaults. */
export async function startEdge(routes: readonly Route[], config: Readonly<Record<string, unknown>> = {}): Promise<EdgeServer> {
  const refused: RefusedRequest[] = [];
  const outcomes: Outcome[] = [];
  const errors: LogFields[] = [];
  const ignore = () => {};
  const watched = routes.map((each) => ({
    ...each,
    handler: ((request, exchange) => {
      exchange.onEnd((outcome) => outcomes.push(outcome));
      return each.handler(request, exchange);
    }) satisfies Handler,
  }));
  const listener = await createListener(serverConfig.parse({ port: 0, ...config }), {
    clock: systemClock,
    logger: { debug: ignore, info: ignore, warn: ignore, error: (message, fields) => errors.push({ message, ...fields }) },
    routes: watched,
    createId: () => crypto.randomUUID(),
    onRefused: (request) => refused.push(request),
  });
  return { listener, url: listener.url, refused, outcomes, errors, [Symbol.asyncDispose]: () => listener.stop() };
}

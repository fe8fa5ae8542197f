/* Routes without the gateway around them: what a caller with a key is answered, by the policies that matter for that and the handler. */

import { systemClock } from '../../src/base/system-clock.ts';
import { createRouteTable, type Route } from '../../src/edge/route-table.ts';
import { Exchange } from '../../src/pipeline/exchange.ts';
import { compose } from '../../src/pipeline/policy.ts';
import { isStream, type Reply } from '../../src/pipeline/reply.ts';
import { createIdentify } from '../../src/policies/identify/identify.ts';
import { authConfig } from '../../src/policies/identify/identify-config.ts';
import { createKeySets } from '../../src/policies/identify/key-set.ts';
import { createRescue } from '../../src/policies/rescue/rescue.ts';

export interface CallerKey {
  readonly name: string;
  readonly key: string;
  readonly tenant?: string;
  readonly user?: string;
}

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A function from requests to responses, for `Bun.serve` or to be called. */
export function createRouteCaller(routes: readonly Route[], keys: readonly CallerKey[]): (request: Request) => Promise<Response> {
  const clock = systemClock;
  const identify = createIdentify(authConfig.parse({ keys }), {
    clock,
    keySets: createKeySets({ clock, logger: SILENT, fetchText: () => Promise.reject(new Error('no network')) }),
    environment: 'test',
    metricsAccess: 'key',
    bodyBytesMax: 1_048_576,
  });
  const policies = [createRescue({ logger: SILENT, encoders: new Map() }), identify];
  const table = createRouteTable(routes.map((route) => ({ ...route, handler: compose(policies, route, route.handler) })));
  return async (request) => {
    const url = new URL(request.url);
    const entry = table.match(url.pathname);
    const route = entry?.find(request.method);
    if (entry === undefined || route === undefined) return new Response('no such route', { status: entry === undefined ? 404 : 405 });
    const exchange = new Exchange({ id: 'test', route, signal: request.signal, address: '::1', clock });
    const bytes = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());
    const params = entry.params?.(url.pathname);
    const reply = await route.handler(
      {
        method: request.method,
        path: url.pathname,
        search: url.search,
        headers: request.headers,
        ...(params === undefined ? {} : { params }),
        body: bytes === undefined ? { kind: 'none' } : { kind: 'bytes', bytes },
      },
      exchange,
    );
    return new Response(await bodyOf(reply), { status: reply.status, headers: { ...exchange.replyHeaders, ...reply.headers } });
  };
}

async function bodyOf({ body }: Reply): Promise<string | null> {
  if (body === null || typeof body === 'string') return body;
  if (!isStream(body)) return Buffer.from(body).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

import type { Clock } from '../../src/base/clock.ts';
import { createRouteTable, type Route } from '../../src/edge/route-table.ts';
import { Exchange } from '../../src/pipeline/exchange.ts';

export interface RouteCall {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

export interface RouteAnswer {
  readonly route: Route;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as JSON, or undefined when it is none. */
  readonly json: unknown;
}

/** Finds the route that a request belongs to and calls its handler, without policies. Throws when there is none. */
export async function callRoute(routes: readonly Route[], call: RouteCall): Promise<RouteAnswer> {
  const { method = 'GET', path, clock } = call;
  const entry = createRouteTable(routes).match(path);
  const route = entry?.find(method);
  if (entry === undefined || route === undefined) throw new Error(`no route for ${method} ${path}`);
  const exchange = new Exchange({ id: 'c-1', route, signal: new AbortController().signal, address: '192.0.2.1', clock });
  const params = entry.params?.(path);
  const reply = await route.handler(
    { method, path, search: '', headers: new Headers(call.headers), body: { kind: 'none' }, ...(params === undefined ? {} : { params }) },
    exchange,
  );
  const text = typeof reply.body === 'string' ? reply.body : '';
  const isJson = reply.headers['content-type']?.includes('json') === true;
  return { route, status: reply.status, headers: reply.headers, text, json: isJson ? JSON.parse(text) : undefined };
}

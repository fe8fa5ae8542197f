/*
 * The floor of the runtime we stand on, as a process of its own:
 *   bun bare-bun.ts server PORT                  reads each request's body and answers the same bytes
 *   bun bare-bun.ts proxy PORT UPSTREAM_PORT     Bun.serve + fetch: the body read whole, the reply's body handed through natively
 * No key, no limit, no log. What the gateway costs above the proxy is what its policies and its pump cost.
 */
import { CHAT_REPLY } from '../load/fixtures.ts';

const [mode, port, upstreamPort] = process.argv.slice(2);

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(port),
  idleTimeout: 0,
  fetch: mode === 'proxy' ? proxied : answered,
});

async function answered(request: Request): Promise<Response> {
  await request.arrayBuffer();
  return new Response(CHAT_REPLY, { headers: { 'content-type': 'application/json' } });
}

async function proxied(request: Request): Promise<Response> {
  const path = request.url.slice(request.url.indexOf('/', 'http://'.length));
  const reply = await fetch(`http://127.0.0.1:${upstreamPort}${path}`, {
    method: request.method,
    headers: { 'content-type': 'application/json' },
    ...(request.method === 'GET' ? {} : { body: await request.arrayBuffer() }),
    signal: request.signal,
    decompress: false,
    redirect: 'manual',
  });
  return new Response(reply.body, { status: reply.status, headers: { 'content-type': reply.headers.get('content-type') ?? '' } });
}

/* WebSockets to upstreams keep to the same rules about addresses as every other request. */
import { expect, test } from 'bun:test';
import { NEVER } from '../../src/base/abort.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { createTransport } from '../../src/upstream/transport/transport.ts';

const POOL = { connect_timeout: 1_000, keep_alive: 0, idle_max: 1, connections_max: 1 };

function connector(baseUrl: string, addresses: readonly string[]) {
  const transport = createTransport({ clock: systemClock, resolve: async () => addresses, events: { onConnection: () => {} } });
  return transport.connector(baseUrl, { pool: POOL, allowPrivate: false, proxy: undefined });
}

const asked = (url: string) => ({ url, method: 'GET', headers: {}, body: null });

for (const [name, baseUrl, address] of [
  ['a public name that leads to the metadata service', 'https://models.example.com', '169.254.169.254'],
  ['a public name that leads inside', 'https://models.example.com', '10.0.0.1'],
  ['an inner name that leads to the metadata service', 'http://models.internal', '169.254.169.254'],
] as const) {
  test(`${name} is not dialled for a WebSocket`, async () => {
    using from = connector(baseUrl, [address]);
    expect(from.openSocket(asked(`${baseUrl}/v1/realtime`), NEVER)).rejects.toMatchObject({ code: 'upstream_address_forbidden' });
  });
}

test('a WebSocket leaves neither its origin nor its path', async () => {
  using from = connector('http://models.internal', ['10.0.0.1']);
  for (const [url, code] of [
    ['http://elsewhere.internal/v1/realtime', 'upstream_address_forbidden'],
    ['http://models.internal/v1/../admin', 'request_target_invalid'],
  ] as const)
    expect(from.openSocket(asked(url), NEVER)).rejects.toMatchObject({ code });
});

test('what is no WebSocket, and nobody at all, are told apart', async () => {
  using server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('no', { status: 503 }) });
  using there = connector(`http://127.0.0.1:${server.port}`, []);
  expect(there.openSocket(asked(`http://127.0.0.1:${server.port}/x`), NEVER)).rejects.toMatchObject({ upgradeStatus: 503 });
  using nobody = connector('http://127.0.0.1:1', []);
  expect(nobody.openSocket(asked('http://127.0.0.1:1/x'), NEVER)).rejects.toMatchObject({ code: 'upstream_unreachable', fault: 'refused' });
});

/* What holds for every stream holds for the unified chat's: pings in silence, a drain that tells, and an upstream that waits for a slow reader. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rawRequest, stallUntil } from '../harness/raw-http.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-streams-0000000000';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

function start(): Promise<GatewayProcess> {
  const target = (model: string) => ({ targets: [{ provider: 'simulator', model }] });
  return startGateway({
    config: {
      server: { drain_delay: 0, drain_timeout: '1s' },
      auth: { keys: [{ name: 'streams', key: KEY }] },
      limits: { mode: 'off' },
      upstream: { ping_interval: '1s' },
      providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
      models: {
        quiet: target('sim-1!tokens=3,early-head,first-token-ms=10,tokens-per-second=0.6'),
        endless: target('sim-1!tokens=1000000,tokens-per-second=50'),
        flood: target('sim-1!tokens=1000000'),
      },
    },
  });
}

const body = (model: string) =>
  JSON.stringify({ model, stream: true, max_tokens: 1_000_000, messages: [{ role: 'user', content: 'Go on' }] });
const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };

describe('a stream of the unified chat', () => {
  test('has comments in its silence, between events and never inside one', async () => {
    await using gateway = await start();
    const text = await (await gateway.request('/v1/chat', { method: 'POST', headers, body: body('quiet') })).text();
    const blocks = text.split('\n\n').filter((block) => block !== '');
    expect(blocks.filter((block) => block === ': ping').length).toBeGreaterThan(0);
    expect(blocks.every((block) => block === ': ping' || block.startsWith('data: '))).toBe(true);
    expect(text).toEndWith('data: [DONE]\n\n');
  }, 15_000);

  test('that outlasts a drain is told so in band, and does not end in [DONE]', async () => {
    await using gateway = await start();
    const reply = await gateway.request('/v1/chat', { method: 'POST', headers, body: body('endless') });
    gateway.process.kill('SIGTERM');
    const text = await reply.text();
    expect(text).not.toContain('[DONE]');
    const last = text.trimEnd().split('\n\n').at(-1)?.slice('data: '.length) ?? '';
    expect(JSON.parse(last)).toMatchObject({ error: { code: 'draining' } });
    expect(await gateway.process.exited).toEqual({ code: 0, signal: null });
  });

  test('whose caller stops reading stops the upstream, and its end frees it', async () => {
    await using gateway = await start();
    const released = Promise.withResolvers<void>();
    const request = rawRequest({ target: '/v1/chat', headers, body: body('flood') });
    const left = stallUntil(gateway.url, request, released.promise);
    const record = () =>
      simulator.requests('/v1/chat').then((records) => records.findLast(({ body: text }) => text.includes('tokens=1000000"')));
    // Nothing more comes through: what was sent is the same twice in a row.
    const sent = await eventually(
      async () => {
        const before = (await record())?.tokensSent ?? 0;
        await Bun.sleep(200);
        const after = (await record())?.tokensSent ?? 0;
        return before > 0 && before === after ? after : undefined;
      },
      { what: 'the standstill', timeoutMs: 10_000 },
    );
    expect(sent).toBeLessThan(500_000);
    released.resolve();
    await left;
    await eventually(async () => (await record())?.outcome === 'client_gone', { what: 'the abort upstream' });
  }, 20_000);
});

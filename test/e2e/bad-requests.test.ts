/*
 * Bad requests against the real process: each gets the status and the envelope that its route speaks, leaves one line in the log, and harms
 * nobody: a good request right after it is answered. The rows are in bad-request-rows.ts. (Heads alone, in more variety and
 * without the rest of the gateway: test/edge/bad-heads.test.ts.)
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { accessLine, accessLines } from '../harness/access-log.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type RawPart, rawExchange } from '../harness/raw-http.ts';
import type { RawReply } from '../harness/raw-reply.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import {
  BAD_REQUESTS,
  type BadRequest,
  BODY_BYTES_MAX,
  BODY_TIMEOUT_MS,
  KEYS,
  SECRET,
  SERVICE_BODY_BYTES_MAX,
} from './bad-request-rows.ts';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
/** Requests so far that must have a line in the log, by id, with the status that it says. */
const logged = new Map<string, number>();

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      server: {
        body_bytes_max: BODY_BYTES_MAX,
        service_body_bytes_max: SERVICE_BODY_BYTES_MAX,
        body_timeout: BODY_TIMEOUT_MS,
        body_rate_min: 0,
        cors: { origins: ['https://good.example'] },
      },
      auth: {
        keys: [
          { name: 'standard', key: KEYS.standard },
          { name: 'narrow', key: KEYS.narrow, models: ['other-*'] },
          { name: 'admin', key: KEYS.admin, admin: true },
        ],
        jwt: { secret: SECRET },
      },
      limits: { mode: 'off' },
      providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
      models: { 'sim-1': { targets: [{ provider: 'simulator' }] } },
      services: { echo: { urls: [simulator.url], routes: ['/echo/*'] } },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

let lastId = 0;

async function send(row: BadRequest): Promise<{ readonly id: string; readonly reply: RawReply }> {
  lastId += 1;
  const id = `bad-${lastId}`;
  const parts = row.send.map((part): RawPart => (typeof part === 'string' ? part.replace('{id}', id) : part));
  const silent = row.status === 0;
  const reply = await rawExchange(gateway.url, parts, {
    timeoutMs: 4_000,
    untilClosed: silent,
    ...(row.halfClose ? { halfClose: true } : {}),
  });
  if (row.by === 'cut') logged.set(id, 499);
  else if (row.by !== 'parser' && row.by !== 'closed') logged.set(id, row.status);
  return { id, reply };
}

async function sendGood(): Promise<void> {
  lastId += 1;
  const id = `good-${lastId}`;
  const reply = await gateway.request('/v1/chat/completions', {
    method: 'POST',
    headers: { authorization: `Bearer ${KEYS.standard}`, 'content-type': 'application/json', 'x-correlation-id': id },
    body: '{"model":"sim-1","messages":[{"role":"user","content":"echo: fine"}]}',
  });
  const body = (await reply.json()) as { choices: { message: { content: string } }[] };
  expect(body.choices[0]?.message.content).toBe('fine');
  logged.set(id, 200);
}

function header(reply: RawReply, wanted: string): string | undefined {
  return reply.headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

function expectEnvelope(row: BadRequest, reply: RawReply, id: string): void {
  expect(header(reply, 'content-type')).toStartWith('application/json');
  expect(header(reply, 'x-correlation-id')).toBe(id);
  expect(header(reply, 'x-content-type-options')).toBe('nosniff');
  // Nothing here is mended by trying again: the official clients must not.
  expect(header(reply, 'x-should-retry')).toBe('false');
  const { error } = JSON.parse(reply.body) as { error: Record<string, unknown> };
  expect(error['code']).toBe(row.code);
  expect(error['message']).toBeString();
  expect(error['message']).not.toBe('');
  expect(error['type']).toBeString();
  if (row.by === 'openai') {
    expect(error['param']).toBe(row.param ?? null);
    expect(error['metadata']).toMatchObject({ correlation_id: id });
  } else {
    expect(error['correlation_id']).toBe(id);
  }
  for (const secret of [...Object.values(KEYS), SECRET]) expect(reply.raw).not.toContain(secret);
}

for (const [group, rows] of Object.entries(BAD_REQUESTS)) {
  describe(`bad ${group}:`, () => {
    for (const row of rows) {
      test(`${row.name}: ${row.status === 0 ? 'no answer' : row.status} (${row.code ?? row.by})`, async () => {
        const { id, reply } = await send(row);
        expect(reply.status).toBe(row.status);
        if (row.status === 0) expect(reply.connection).not.toBe('open');
        else if (row.by === 'parser' || row.by === 'cut') expect(reply.body).toBe('');
        else expectEnvelope(row, reply, id);
        await sendGood();
      });
    }
  });
}

test('there are a hundred rows or more', () => {
  expect(Object.values(BAD_REQUESTS).flat().length).toBeGreaterThanOrEqual(100);
});

test('a refusal says which methods there are, and how to authenticate', async () => {
  const wrongMethod = await gateway.request('/v1/chat/completions', { headers: { 'x-correlation-id': 'allow' } });
  expect(wrongMethod.headers.get('allow')).toBe('POST, OPTIONS');
  const stranger = await gateway.request('/v1/models', { headers: { 'x-correlation-id': 'challenge' } });
  expect(stranger.headers.get('www-authenticate')).toStartWith('Bearer');
  logged.set('allow', 405).set('challenge', 401);
});

test('each of them left exactly one line in the log, with its status, and nothing else did', async () => {
  await sendGood();
  for (const [id, status] of logged) {
    const line = await accessLine(gateway, id);
    expect([id, line['status_code']]).toEqual([id, status]);
  }
  expect(accessLines(gateway)).toHaveLength(logged.size);
  const others = gateway.logs().filter((line) => line['message'] !== 'Request completed');
  expect(others.map((line) => line['message'])).toEqual(['Gatehouse is ready']);
  for (const line of gateway.process.stdout) for (const secret of [...Object.values(KEYS), SECRET]) expect(line).not.toContain(secret);
});

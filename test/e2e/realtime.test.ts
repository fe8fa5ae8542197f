/* Talks over WebSocket through the real process: the official client, a simulated model server, and a far end of our own that shows what reaches it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { connect as connectTcp } from 'node:net';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { accessLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { IN_WRITING, openRealtime, userMessage } from '../harness/realtime.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { startTlsFront } from '../harness/tls-front.ts';

const KEY = 'sk-realtime-000000000000';
const NARROW = 'sk-realtime-narrow-00000';

/** A server of WebSockets that says nothing by itself. */
interface FarEnd {
  readonly url: string;
  /** Heads of the upgrades. */
  readonly heads: Headers[];
  readonly urls: string[];
  readonly sockets: Bun.ServerWebSocket[];
  readonly messages: (string | Buffer)[];
  readonly closes: [code: number, reason: string][];
}

const cleanup = new AsyncDisposableStack();
let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let far: FarEnd;

function startFarEnd(): FarEnd {
  const end: FarEnd & { url: string } = { url: '', heads: [], urls: [], sockets: [], messages: [], closes: [] };
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request, own) {
      end.heads.push(request.headers);
      end.urls.push(request.url);
      const agreed: Record<string, string> =
        request.headers.get('sec-websocket-protocol')?.includes('realtime') === true ? { 'sec-websocket-protocol': 'realtime' } : {};
      return own.upgrade(request, { data: undefined, headers: agreed }) ? undefined : new Response(null, { status: 426 });
    },
    websocket: {
      maxPayloadLength: 64 * 1_048_576,
      backpressureLimit: 512 * 1_048_576,
      open: (socket) => void end.sockets.push(socket),
      message: (_socket, data) => void end.messages.push(typeof data === 'string' ? data : Buffer.from(data)),
      close: (_socket, code, reason) => void end.closes.push([code, reason]),
    },
  });
  cleanup.defer(() => server.stop(true));
  end.url = `http://127.0.0.1:${server.port}/v1`;
  return end;
}

const config = (more: object = {}) => ({
  auth: {
    keys: [
      { name: 'talker', key: KEY },
      { name: 'narrow', key: NARROW, models: ['sim-1'] },
    ],
  },
  limits: { mode: 'off' },
  providers: {
    sim: { type: 'simulator', base_url: simulator.url },
    far: { type: 'openai-compatible', base_url: far.url, api_key: 'sk-of-the-vendor', headers: { 'x-of-the-vendor': 'yes' } },
    mute: { type: 'deepseek', base_url: far.url, api_key: 'x' },
    gone: { type: 'openai-compatible', base_url: 'http://127.0.0.1:1/v1' },
  },
  models: {
    'sim-1': { targets: [{ provider: 'sim' }] },
    far: { targets: [{ provider: 'far', model: 'gpt realtime/ü' }] },
    mute: { targets: [{ provider: 'mute', model: 'm' }] },
    pair: {
      targets: [
        { provider: 'gone', model: 'm' },
        { provider: 'sim', model: 'sim-1!status=503', priority: 1 },
        { provider: 'sim', model: 'sim-2', priority: 2 },
      ],
    },
    refused: { targets: [{ provider: 'sim', model: 'sim-1!status=401' }] },
  },
  ...more,
});

beforeAll(async () => {
  simulator = cleanup.use(await startSimulator());
  far = startFarEnd();
  gateway = cleanup.use(await startGateway({ config: config() }));
});
afterAll(() => cleanup.disposeAsync());
beforeEach(() => {
  for (const list of [far.heads, far.urls, far.sockets, far.messages, far.closes]) list.length = 0;
});

const withKey = (key: string) => ['realtime', `openai-insecure-api-key.${key}`];
const talk = (model: string, from = gateway) => openRealtime(`${from.url}/v1/realtime?model=${encodeURIComponent(model)}`, withKey(KEY));

const HANDSHAKE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
async function refusal(target: string, headers: Readonly<Record<string, string>> = {}) {
  const { status, body } = await rawExchange(
    gateway.url,
    [rawRequest({ target, headers: { Authorization: `Bearer ${KEY}`, ...HANDSHAKE, ...headers } })],
    { timeoutMs: 2_000 },
  );
  const text = body;
  return {
    status,
    error: text === '' ? {} : (JSON.parse(text) as { error: { code: string; param: string | null; message: string } }).error,
  };
}

describe('a talk', () => {
  test('of the official client is that of the model, and its usage is in the log', async () => {
    await using front = await startTlsFront(gateway.url);
    const client = new OpenAI({ baseURL: `${front.url}/v1`, apiKey: KEY });
    const realtime = new OpenAIRealtimeWS(
      { model: 'sim/sim-1!tokens=4', options: { rejectUnauthorized: false, headers: { 'x-correlation-id': 'official-talk' } } },
      client,
    );
    const done = Promise.withResolvers<OpenAI.Realtime.RealtimeResponse>();
    realtime.on('error', (error) => done.reject(error));
    realtime.on('session.created', ({ session }) => {
      expect(session).toMatchObject({ model: 'sim-1' });
      for (const event of [IN_WRITING, userMessage('Hello'), { type: 'response.create' }])
        realtime.send(event as OpenAI.Realtime.RealtimeClientEvent);
    });
    let answers = 0;
    realtime.on('response.done', ({ response }) => {
      answers += 1;
      if (answers === 2) done.resolve(response);
      else realtime.send({ type: 'response.create' });
    });
    const response = await done.promise;
    expect(response.usage?.output_tokens).toBe(4);
    realtime.close();
    const line = await accessLine(gateway, 'official-talk');
    expect(line).toMatchObject({ status_code: 101, outcome: 'complete', principal: 'key:talker', provider: 'sim', output_tokens: 8 });
    expect(Number(line['bytes'])).toBeGreaterThan(1_000);
  });

  test('passes every message as it is, both ways: text, bytes, empty, large', async () => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/v1/realtime?model=far`, withKey(KEY));
    socket.binaryType = 'arraybuffer';
    const heard: (string | Buffer)[] = [];
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) =>
      heard.push(typeof data === 'string' ? data : Buffer.from(data)),
    );
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    const said = [
      '{"type":"x"}',
      '',
      '\u{1f600}é\u0000',
      'no json',
      Buffer.from([0, 255, 13, 10]),
      'x'.repeat(3_000_000),
      Buffer.alloc(2_000_000, 7),
    ];
    for (const message of said) socket.send(message);
    await eventually(() => far.messages.length === said.length, { what: 'all messages at the far end' });
    expect(far.messages).toEqual(said);
    for (const message of said) far.sockets[0]?.send(message);
    await eventually(() => heard.length === said.length, { what: 'all messages here' });
    expect(heard).toEqual(said);
    socket.close();
  });

  test('reaches the target with its own credential and model, and without those of the caller', async () => {
    await using _talk = await openRealtime(`${gateway.url}/v1/realtime?model=far`, [
      ...withKey(KEY),
      'openai-beta.realtime-v1',
      'openai-organization.org-x',
      'openai-project.p',
    ]);
    const [head] = far.heads;
    expect(new URL(far.urls[0] ?? '').search).toBe('?model=gpt%20realtime%2F%C3%BC');
    expect(head?.get('authorization')).toBe('Bearer sk-of-the-vendor');
    expect(head?.get('x-of-the-vendor')).toBe('yes');
    expect(head?.get('sec-websocket-protocol')?.split(/, ?/)).toEqual(['realtime', 'openai-beta.realtime-v1']);
    expect(head?.get('user-agent')).toBe('gatehouse');
    expect(head?.get('x-correlation-id')).not.toBeNull();
    expect(JSON.stringify([...(head ?? [])])).not.toContain(KEY);
    expect(_talk.socket.protocol).toBe('realtime');
  });

  test('is opened at another target when the first ones fail', async () => {
    await using talker = await talk('pair');
    expect((await talker.until('session.created')).session).toMatchObject({ model: 'sim-2' });
  });
});

describe('an end', () => {
  test('of the caller reaches the target at once, with its code', async () => {
    for (const [say, want] of [
      [(socket: WebSocket) => socket.close(4_001, 'enough'), [4_001, 'enough']],
      [(socket: WebSocket) => socket.close(), [1_000, '']],
    ] as const) {
      far.closes.length = 0;
      const { socket } = await talk('far');
      say(socket);
      await eventually(() => far.closes.length > 0, { what: 'the close at the far end', timeoutMs: 250 });
      expect(far.closes[0]).toEqual([...want]);
    }
  });

  test('of a caller who vanishes reaches it within a quarter of a second', async () => {
    const { hostname, port } = new URL(gateway.url);
    const socket = connectTcp(Number(port), hostname);
    socket.write(
      rawRequest({
        target: '/v1/realtime?model=far',
        headers: { Authorization: `Bearer ${KEY}`, 'X-Correlation-Id': 'vanished', ...HANDSHAKE },
      }),
    );
    await eventually(() => far.sockets.length === 1, { what: 'the socket at the far end' });
    socket.resetAndDestroy();
    await eventually(() => far.closes.length === 1, { what: 'the close at the far end', timeoutMs: 250 });
    expect(await accessLine(gateway, 'vanished')).toMatchObject({ outcome: 'client_closed', status_code: 101 });
  });

  test('of the target reaches the caller, with its code and reason', async () => {
    for (const [code, reason] of [
      [4_321, 'session expired'],
      [1_001, 'restart'],
      [1_008, 'policy'],
    ] as const) {
      far.sockets.length = 0;
      const { socket } = await talk('far');
      const end = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve));
      await eventually(() => far.sockets.length === 1, { what: 'the socket at the far end' });
      far.sockets[0]?.close(code, reason);
      expect(await end).toMatchObject({ code, reason });
    }
  });

  test('of a target that dies is told as an error, and is 1011', async () => {
    const talker = await talk('far');
    await eventually(() => far.sockets.length === 1, { what: 'the socket at the far end' });
    far.sockets[0]?.terminate();
    expect(await talker.until('error')).toMatchObject({ error: { code: 'upstream_stream_interrupted', type: 'api_error' } });
    expect(await talker.closed).toBe(1_011);
  });

  test('of an answer that the model cuts is told so', async () => {
    const talker = await talk('sim/sim-1!cut-after=2');
    for (const event of [IN_WRITING, userMessage('Hello'), { type: 'response.create' }]) talker.say(event);
    expect(await talker.until('error')).toMatchObject({ error: { code: 'upstream_stream_interrupted' } });
    expect(await talker.closed).toBe(1_011);
  });

  test('comes for a message that is too large, from either side', async () => {
    await using small = await startGateway({ config: config({ realtime: { message_bytes_max: '64KiB' } }) });
    const caller = await talk('far', small);
    caller.say('x'.repeat(70_000));
    expect(await caller.closed).toBe(1_009);
    const other = await talk('far', small);
    await eventually(() => far.sockets.length === 2, { what: 'the second socket' });
    far.sockets[1]?.send('x'.repeat(70_000));
    expect(await other.until('error')).toMatchObject({ error: { code: 'upstream_reply_invalid' } });
    expect(await other.closed).toBe(1_009);
    await eventually(() => far.closes.length === 2, { what: 'both closed at the far end' });
  });

  test('comes with a drain: at once where nothing is said, and after the answer where one is', async () => {
    await using own = await startGateway({ config: config() });
    const idle = await talk('far', own);
    const busy = await talk('sim/sim-1!first-token-ms=300,tokens=20', own);
    for (const event of [IN_WRITING, userMessage('Hello'), { type: 'response.create' }]) busy.say(event);
    await busy.until('response.created');
    own.process.kill('SIGTERM');
    expect(await idle.closed).toBe(1_001);
    expect((await busy.until('response.done')).response.status).toBe('completed');
    expect(await busy.closed).toBe(1_001);
  });

  test('comes with a drain that has no more patience, in words', async () => {
    await using own = await startGateway({ config: config({ server: { drain_timeout: '200ms' } }) });
    const busy = await talk('sim/sim-1!stall-after=2', own);
    for (const event of [IN_WRITING, userMessage('Hello'), { type: 'response.create' }]) busy.say(event);
    await busy.until('response.created');
    own.process.kill('SIGTERM');
    expect(await busy.until('error')).toMatchObject({ error: { code: 'draining' } });
    expect(await busy.closed).toBe(1_001);
  });
});

test('a caller who does not read holds the target up', async () => {
  const { hostname, port } = new URL(gateway.url);
  const socket = connectTcp(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(rawRequest({ target: '/v1/realtime?model=far', headers: { Authorization: `Bearer ${KEY}`, ...HANDSHAKE } }));
  await eventually(() => far.sockets.length === 1, { what: 'the socket at the far end' });
  socket.pause();
  const [source] = far.sockets;
  const megabyte = 'x'.repeat(1_000_000);
  let sent = 0;
  // Far more than what all buffers on the way hold.
  for (; sent < 300; sent += 1) source?.send(megabyte);
  let before = -1;
  await eventually(() => before === (before = source?.getBufferedAmount() ?? 0), { what: 'a flow that stands still' });
  expect(before).toBeGreaterThan(150_000_000);
  let read = 0;
  socket.on('data', (bytes) => void (read += bytes.length));
  socket.resume();
  await eventually(() => read > sent * 1_000_000, { what: 'all of it', timeoutMs: 20_000 });
  socket.destroy();
}, 30_000);

describe('what is refused', () => {
  const MODEL = '/v1/realtime?model=sim-1';
  test('is a caller without a key, with a wrong one, and with two', async () => {
    expect(await refusal(MODEL, { Authorization: 'none' })).toMatchObject({ status: 401 });
    expect(await refusal(MODEL, { Authorization: 'Bearer sk-nobody-00000000000' })).toMatchObject({ status: 401 });
    expect(
      await refusal(MODEL, { Authorization: 'none', 'Sec-WebSocket-Protocol': 'realtime, openai-insecure-api-key.sk-nobody' }),
    ).toMatchObject({ status: 401 });
    expect(await refusal(MODEL, { 'Sec-WebSocket-Protocol': 'openai-insecure-api-key.another' })).toMatchObject({ status: 400 });
  });

  test('is a model that is not there, not theirs, not named, or named twice', async () => {
    expect(await refusal('/v1/realtime?model=nothing')).toMatchObject({ status: 404, error: { code: 'model_not_found' } });
    expect(await refusal('/v1/realtime?model=far', { Authorization: `Bearer ${NARROW}` })).toMatchObject({
      status: 403,
      error: { code: 'model_forbidden' },
    });
    expect(await refusal('/v1/realtime')).toMatchObject({ status: 400, error: { param: 'model' } });
    expect(await refusal('/v1/realtime?model=far&model=sim-1')).toMatchObject({ status: 400, error: { param: 'model' } });
    expect(far.heads).toEqual([]);
  });

  test("is another's session at the same vendor", async () => {
    expect(await refusal(`${MODEL}&call_id=rtc_1`)).toMatchObject({ status: 400, error: { param: 'call_id' } });
  });

  test('is a model without such a target, and a request that is no upgrade, with 426', async () => {
    expect(await refusal('/v1/realtime?model=mute')).toMatchObject({ status: 426, error: { code: 'upgrade_unsupported' } });
    const plain = await gateway.request(MODEL, { headers: { authorization: `Bearer ${KEY}` } });
    expect(plain.status).toBe(426);
  });

  test("is told for what it is when the target refuses: its faults, and our credential's", async () => {
    expect(await refusal('/v1/realtime?model=refused')).toMatchObject({ status: 502, error: { code: 'upstream_credentials' } });
    expect(await refusal(`/v1/realtime?model=${encodeURIComponent('sim/sim-1!status=429')}`)).toMatchObject({ status: 429 });
    expect(await refusal('/v1/realtime?model=gone%2Fm')).toMatchObject({ status: 502, error: { code: 'upstream_unreachable' } });
  });

  test("is a key of the vendor's for a browser", async () => {
    for (const path of ['client_secrets', 'sessions', 'transcription_sessions']) {
      const reply = await gateway.request(`/v1/realtime/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}` },
        body: '{}',
      });
      expect([reply.status, ((await reply.json()) as { error: { code: string } }).error.code]).toEqual([404, 'feature_disabled']);
    }
    expect((await simulator.requests('/v1/realtime/client_secrets')).length).toBe(0);
  });
});

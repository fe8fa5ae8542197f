/*
 * The Responses API over a WebSocket, as Codex uses it, against the real process: in front of a server that speaks the API over HTTP, and in front of one that
 * speaks chat completions alone. The official client's own socket is in it, too.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { accessLines } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-responses-socket-000';
const SLOW = 'sk-responses-limited-00';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
const open: WebSocket[] = [];

const config = (url: string) => ({
  auth: {
    keys: [
      { name: 'codex', key: KEY },
      { name: 'limited', key: SLOW, tier: 'tight' },
    ],
  },
  limits: { tiers: { tight: { per_hour: 1 } } },
  server: { body_bytes_max: '64KiB', drain_timeout: '5s' },
  upstream: { retries: { base_delay: '10ms' } },
  providers: {
    native: { type: 'simulator', base_url: `${url}/v1` },
    chat: { type: 'openai-compatible', base_url: `${url}/v1` },
  },
  models: { native: { targets: [{ provider: 'native', model: 'sim-1' }] }, crossed: { targets: [{ provider: 'chat', model: 'sim-1' }] } },
});

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({ config: config(simulator.url) });
});
afterEach(() => {
  for (const socket of open.splice(0)) socket.terminate();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

interface Event {
  readonly type: string;
  readonly sequence_number?: number;
  readonly status?: number;
  readonly stream_id?: string;
  readonly delta?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly headers?: Record<string, string> };
  readonly response?: {
    readonly id: string;
    readonly status: string;
    readonly output: readonly { type: string }[];
    readonly usage: unknown;
  };
}

const ENDS = new Set(['response.completed', 'response.incomplete', 'response.failed', 'error']);

class Caller {
  readonly socket: WebSocket;
  readonly #events: Event[] = [];
  readonly closed: Promise<number>;

  constructor(socket: WebSocket) {
    this.socket = socket;
    open.push(socket);
    socket.addEventListener('message', ({ data }) => this.#events.push(JSON.parse(String(data)) as Event));
    this.closed = new Promise((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify({ type: 'response.create', ...frame }));
  }

  /** The events of the next answer, to its end. */
  async answer(): Promise<Event[]> {
    const at = () => this.#events.findIndex(({ type }) => ENDS.has(type));
    await eventually(() => at() !== -1, { what: 'the end of an answer' });
    return this.#events.splice(0, at() + 1);
  }

  async ask(frame: object): Promise<Event[]> {
    this.send(frame);
    return this.answer();
  }

  get seen(): readonly Event[] {
    return this.#events;
  }
}

async function connect(key = KEY, from: Pick<GatewayProcess, 'url'> = gateway): Promise<Caller> {
  const headers = { authorization: `Bearer ${key}`, 'openai-beta': 'responses_websockets=2026-02-06', session_id: 'x' };
  const socket = new WebSocket(`${from.url.replace('http', 'ws')}/v1/responses`, { headers });
  const caller = new Caller(socket);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error('no WebSocket')));
  });
  return caller;
}

const say = (text: string) => [{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }];
const textOf = (events: readonly Event[]) =>
  events.flatMap(({ type, delta }) => (type === 'response.output_text.delta' ? [delta] : [])).join('');
const responseOf = (events: readonly Event[]) => events.at(-1)?.response;

describe.each(['native', 'crossed'])('a %s model', (model) => {
  test('is warmed up, asked, and gone on with, though nothing is stored', async () => {
    const caller = await connect();
    const warm = await caller.ask({
      model,
      store: false,
      generate: false,
      instructions: 'Be brief.',
      input: say('My name is Ada.'),
      tools: [],
    });
    expect(warm.map(({ type }) => type)).toEqual(['response.created', 'response.completed']);
    expect(responseOf(warm)).toMatchObject({ status: 'completed', output: [] });
    // The model was in the first request alone.
    const first = await caller.ask({
      store: false,
      instructions: 'Be brief.',
      input: say('echo: one'),
      previous_response_id: responseOf(warm)?.id,
    });
    expect(textOf(first)).toBe('one');
    expect(first.map((event) => event.sequence_number)).toEqual(first.map((_event, index) => index));
    const second = await caller.ask({ store: false, input: say('echo: two'), previous_response_id: responseOf(first)?.id });
    expect(textOf(second)).toBe('two');
    const sent = (await simulator.requests(model === 'native' ? '/v1/responses' : '/v1/chat/completions')).at(-1)?.body ?? '';
    for (const words of ['My name is Ada.', 'echo: one', 'echo: two']) expect(sent).toContain(words);
    expect(sent).not.toContain('generate');
    expect(sent).not.toContain('response.create');
  });

  test('says over the socket what it says over HTTP', async () => {
    const body = { model, input: say('Hello'), temperature: 0.5 };
    const reply = await gateway.request('/v1/responses', {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, stream: true }),
    });
    const posted = (await reply.text())
      .split('\n')
      .flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6)) as Event] : []));
    const told = await (await connect()).ask(body);
    const shape = ({ type, sequence_number, delta }: Event) => ({ type, sequence_number, delta });
    expect(told.map(shape)).toEqual(posted.map(shape));
  });

  test('stored answers are gone on from on another socket', async () => {
    const first = await (await connect()).ask({ model, input: say('My name is Ada.') });
    const second = await (await connect()).ask({ model, input: say('echo: yes'), previous_response_id: responseOf(first)?.id });
    expect(textOf(second)).toBe('yes');
  });

  test('an unknown answer is refused in the words that callers know', async () => {
    const [event] = await (await connect()).ask({
      model,
      store: false,
      input: say('Go on'),
      previous_response_id: 'resp_0123456789abcdef',
    });
    expect(event).toMatchObject({ type: 'error', status: 400, error: { code: 'previous_response_not_found' } });
  });

  test('several requests are answered one after the other, each under its own name', async () => {
    const caller = await connect();
    for (const word of ['one', 'two', 'three']) caller.send({ model, input: say(`echo: ${word}`), stream_id: word });
    for (const word of ['one', 'two', 'three']) {
      const events = await caller.answer();
      expect(textOf(events)).toBe(word);
      expect(new Set(events.map((event) => event.stream_id))).toEqual(new Set([word]));
    }
  });

  test('a failure before an answer, and one inside it, are errors with a status; the socket goes on', async () => {
    const provider = model === 'native' ? 'native' : 'chat';
    const caller = await connect();
    const [refused] = await caller.ask({ model: `${provider}/sim-1!status=503`, input: say('Hello') });
    expect(refused).toMatchObject({ type: 'error', status: 503 });
    const cut = await caller.ask({ model: `${provider}/sim-1!cut-after=4,tokens-per-second=200`, input: say('Hello') });
    expect(cut.length).toBeGreaterThan(2);
    expect(cut.at(-1)).toMatchObject({ type: 'error', status: 502, error: { code: 'upstream_stream_interrupted' } });
    expect(textOf(await caller.ask({ model, input: say('echo: still here') }))).toBe('still here');
  });

  test('a caller that leaves ends the work', async () => {
    const provider = model === 'native' ? 'native' : 'chat';
    const caller = await connect();
    caller.send({ model: `${provider}/sim-1!tokens=500,tokens-per-second=50`, input: say('Hello') });
    await eventually(() => caller.seen.length > 3, { what: 'the beginning of an answer' });
    caller.socket.close();
    await eventually(async () => (await simulator.requests()).at(-1)?.outcome === 'client_gone', { what: 'the end of the work' });
  });
});

test('what is no request is refused, and the socket goes on', async () => {
  const caller = await connect();
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"type":"response.steer"}',
    '{"type":"response.create"}',
    '{"type":"response.create","model":"nobody"}',
  ]) {
    caller.socket.send(text);
    expect([text, (await caller.answer())[0]?.type]).toEqual([text, 'error']);
  }
  caller.socket.send(Buffer.from('{"type":"response.create"}'));
  expect((await caller.answer())[0]).toMatchObject({ type: 'error', status: 400 });
  expect(textOf(await caller.ask({ model: 'native', input: say('echo: fine') }))).toBe('fine');
});

test('a request that is too large closes the socket', async () => {
  const caller = await connect();
  caller.send({ model: 'native', input: say('x'.repeat(70_000)) });
  expect(await caller.closed).toBe(1009);
});

test('a key is asked for before there is a socket, and its limits hold for each request', async () => {
  const handshake = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const status = async (headers: Readonly<Record<string, string>>, path = '/v1/responses') =>
    (await rawExchange(gateway.url, [rawRequest({ target: path, headers: { ...handshake, ...headers } })], { timeoutMs: 1_000 })).status;
  expect(await status({})).toBe(401);
  expect(await status({ Authorization: `Bearer ${KEY}` })).toBe(101);
  expect(await status({ Authorization: `Bearer ${KEY}` }, '/v1/chat/completions')).toBe(426);

  const caller = await connect(SLOW);
  expect(textOf(await caller.ask({ model: 'native', input: say('echo: first') }))).toBe('first');
  const [limited] = await caller.ask({ model: 'native', input: say('echo: second') });
  expect(limited).toMatchObject({ type: 'error', status: 429, error: { code: 'rate_limit_exceeded' } });
  expect(Number(limited?.error?.headers?.['retry-after'])).toBeGreaterThan(0);
});

test('each request has a line of its own in the log, with its tokens', async () => {
  const before = accessLines(gateway).length;
  await (await connect()).ask({ model: 'native', input: say('Hello') });
  const line = await eventually(
    () =>
      accessLines(gateway)
        .slice(before)
        .find((each) => each['method'] === 'POST'),
    { what: 'its line' },
  );
  expect(line).toMatchObject({ path: '/v1/responses', status_code: 200, model: 'sim-1', outcome: 'complete' });
  expect(Number(line['output_tokens'])).toBeGreaterThan(0);
});

test("the official client's socket", async () => {
  const client = new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1` });
  const socket = new ResponsesWS(client);
  try {
    const told: string[] = [];
    const end = new Promise<void>((resolve, reject) => {
      socket.on('response.output_text.delta', ({ delta }) => told.push(delta));
      socket.on('response.completed', () => resolve());
      socket.on('error', reject);
    });
    socket.send({ type: 'response.create', model: 'crossed', input: 'echo: over the official socket' });
    await end;
    expect(told.join('')).toBe('over the official socket');
  } finally {
    socket.close();
  }
});

test('a shutdown lets the answer under way end, and then closes', async () => {
  const own = await startGateway({ config: config(simulator.url) });
  try {
    const [idle, busy] = await Promise.all([connect(KEY, own), connect(KEY, own)]);
    busy.send({ model: 'native/sim-1!tokens=30,tokens-per-second=60', input: say('Hello') });
    await eventually(() => busy.seen.length > 3, { what: 'the beginning of an answer' });
    own.process.kill('SIGTERM');
    expect(await idle.closed).toBe(1001);
    expect((await busy.answer()).at(-1)?.type).toBe('response.completed');
    expect(await busy.closed).toBe(1001);
    expect((await own.process.exited).code).toBe(0);
  } finally {
    await own[Symbol.asyncDispose]();
  }
});

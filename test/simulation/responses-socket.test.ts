/** The simulated Responses API over a WebSocket: the official client's connection, and a plain one for the frames as they are. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { eventually } from '../harness/eventually.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

type Frame = Record<string, unknown> & { type: string };
interface Ended {
  readonly code: number;
}

/** A connection that hands frames over one by one. */
class Connection implements Disposable {
  readonly #socket: WebSocket;
  readonly #arrived: (string | Ended)[] = [];
  #wake: () => void = () => undefined;

  constructor(headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(`${simulator.url.replace('http', 'ws')}/v1/responses`, {
      headers: { 'openai-beta': 'responses_websockets=2026-02-06', ...headers },
    });
    const arrive = (what: string | Ended) => {
      this.#arrived.push(what);
      this.#wake();
    };
    this.#socket.addEventListener('message', (event) => arrive(String(event.data)));
    this.#socket.addEventListener('close', (event) => arrive({ code: event.code }));
  }

  async next(): Promise<string | Ended> {
    while (this.#arrived.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#arrived.shift() ?? '';
  }

  async frame(): Promise<Frame> {
    const next = await this.next();
    if (typeof next !== 'string') throw new Error(`closed with ${next.code}`);
    return JSON.parse(next) as Frame;
  }

  async send(frame: unknown): Promise<void> {
    await eventually(() => this.#socket.readyState !== WebSocket.CONNECTING);
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** Asks, and reads to the end of the answer. */
  async ask(body: object): Promise<Frame[]> {
    await this.send({ type: 'response.create', ...body });
    const frames: Frame[] = [];
    for (;;) {
      const frame = await this.frame();
      frames.push(frame);
      if (/^(?:error|response\.(?:completed|incomplete|failed))$/.test(frame.type)) return frames;
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

interface Told {
  readonly id: string;
  readonly output: readonly { readonly type: string; readonly id: string; readonly content?: readonly { readonly text: string }[] }[];
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
}
const toldBy = (frames: readonly Frame[]) => frames.at(-1)?.['response'] as Told;
const asked = { model: 'sim-1', input: 'Hello' };

test('frames are the events that HTTP streams', async () => {
  using connection = new Connection();
  const frames = await connection.ask(asked);
  const reply = await fetch(`${simulator.url}/v1/responses`, { method: 'POST', body: JSON.stringify({ ...asked, stream: true }) });
  const events = (await reply.text()).matchAll(/^data: (.+)$/gm);
  expect(frames).toEqual(Array.from(events, ([, data]) => JSON.parse(data ?? '') as Frame));
});

test('the official client holds a conversation over one connection', async () => {
  const client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'none' });
  const socket = new ResponsesWS(client);
  const ids: string[] = [];
  const texts: string[] = [];
  for await (const event of socket.stream()) {
    if (event.type === 'open') socket.send({ type: 'response.create', model: 'sim-1', input: 'echo: one', store: false });
    if (event.type === 'error') throw event.error;
    if (event.type !== 'message' || event.message.type !== 'response.completed') continue;
    const { id, output } = event.message.response;
    ids.push(id);
    texts.push(
      output
        .map((item) => (item.type === 'message' ? item.content.map((part) => (part.type === 'output_text' ? part.text : '')).join('') : ''))
        .join(''),
    );
    if (ids.length === 1) socket.send({ type: 'response.create', previous_response_id: id, input: 'echo: two', store: false });
    else socket.close();
  }
  expect(texts).toEqual(['one', 'two']);
  expect(new Set(ids).size).toBe(2);
});

describe('a connection', () => {
  test('makes ready without a word, and goes on from there', async () => {
    using connection = new Connection();
    const warm = await connection.ask({ ...asked, generate: false, store: false });
    expect(warm.map(({ type }) => type)).toEqual(['response.created', 'response.in_progress', 'response.completed']);
    expect(toldBy(warm)).toMatchObject({ output: [], usage: { output_tokens: 0 } });
    expect(toldBy(warm).usage.input_tokens).toBeGreaterThan(0);
    const spoken = await connection.ask({ previous_response_id: toldBy(warm).id, input: [], store: false });
    const direct = await connection.ask({ ...asked, store: false });
    expect(toldBy(spoken).output[0]?.content).toEqual(toldBy(direct).output[0]?.content as never);
  });

  test('remembers its last response alone, and that no longer once a turn has failed', async () => {
    using connection = new Connection();
    const first = toldBy(await connection.ask({ ...asked, input: 'First', store: false }));
    expect(await connection.ask({ previous_response_id: first.id, input: 'Hm', model: 'sim-1!status=429,retry-after=3' })).toMatchObject([
      { type: 'error', status: 429, error: { code: 'rate_limit_exceeded' }, headers: { 'retry-after': '3' } },
    ]);
    expect(await connection.ask({ previous_response_id: first.id, input: 'Hm' })).toEqual([
      {
        type: 'error',
        status: 400,
        error: {
          type: 'invalid_request_error',
          code: 'previous_response_not_found',
          message: `Previous response with id '${first.id}' not found.`,
          param: 'previous_response_id',
        },
      },
    ]);
    using other = new Connection();
    expect(await other.ask({ ...asked, previous_response_id: first.id })).toMatchObject([{ type: 'error', status: 400 }]);
  });

  test('answers one frame after another, and marks them as they were marked', async () => {
    using connection = new Connection();
    await connection.send({ type: 'response.create', ...asked, stream_id: 'a' });
    const frames = await connection.ask({ ...asked, stream_id: 'b' });
    const second = await connection.ask({ ...asked, input: 'never read' });
    expect(new Set(frames.map((frame) => frame['stream_id']))).toEqual(new Set(['a']));
    expect(new Set(second.map((frame) => frame['stream_id']))).toEqual(new Set(['b']));
  });

  test('survives what is no request', async () => {
    using connection = new Connection();
    for (const [frame, error] of [
      ['{"type":', { message: expect.stringContaining('could not parse') }],
      ['[]', { message: expect.stringContaining('must be an object') }],
      [{ type: 'session.update' }, { code: 'invalid_value', param: 'type' }],
      [{ type: 'response.create', input: 'a' }, { param: 'model' }],
      [{ type: 'response.create', ...asked, messages: [] }, { code: 'unknown_parameter' }],
      [{ type: 'response.create', ...asked, model: 'sim-1!explode' }, { message: expect.stringContaining('unknown fault') }],
    ] as const) {
      await connection.send(frame);
      expect(await connection.frame()).toMatchObject({ type: 'error', status: 400, error: { type: 'invalid_request_error', ...error } });
    }
    await connection.send({ type: 'response.steer', input: 'Stop', previous_response_id: 'resp_1' });
    expect(await connection.frame()).toMatchObject({ type: 'response.steer.failed', error: { code: 'steering_not_supported' } });
    expect(toldBy(await connection.ask(asked)).output).toHaveLength(1);
  });

  test('is recorded request by request, and its leaving is seen', async () => {
    await simulator.reset();
    const connection = new Connection();
    await connection.ask(asked);
    await connection.send({ type: 'response.create', ...asked, model: 'sim-1!tokens=10000,tokens-per-second=100' });
    await connection.frame();
    connection[Symbol.dispose]();
    const records = await eventually(async () => {
      const seen = await simulator.requests('/v1/responses');
      return seen.length === 3 && seen.every(({ outcome }) => outcome !== 'open') ? seen : undefined;
    });
    expect(records.map(({ method, status, outcome }) => [method, status, outcome])).toEqual([
      ['GET', 101, 'complete'],
      ['POST', 200, 'complete'],
      ['POST', 200, 'client_gone'],
    ]);
    expect(records[1]?.body).toContain('"response.create"');
  });
});

describe('faults', () => {
  const deltasUntilEnd = async (connection: Connection) => {
    let deltas = 0;
    for (let next = await connection.next(); ; next = await connection.next()) {
      if (typeof next !== 'string') return { deltas, code: next.code };
      if (next.includes('response.output_text.delta')) deltas += 1;
    }
  };

  test('cut the connection, or end it in order, after exactly n tokens', async () => {
    for (const [fault, code] of [
      ['cut-after=3', 1006],
      ['end-after=3', 1000],
      ['no-done', 1000],
      ['reset', 1006],
    ] as const) {
      using connection = new Connection();
      await connection.send({ type: 'response.create', ...asked, model: `sim-1!tokens=8,${fault}` });
      const deltas = fault === 'no-done' ? 8 : fault === 'reset' ? 0 : 3;
      expect([fault, await deltasUntilEnd(connection)]).toEqual([fault, { deltas, code }]);
    }
  });

  test('break one frame, or fail in band', async () => {
    using connection = new Connection();
    await connection.send({ type: 'response.create', ...asked, model: 'sim-1!tokens=2,malformed-after=1' });
    const frames: string[] = [];
    while (!frames.at(-1)?.includes('response.completed')) {
      const next = await connection.next();
      if (typeof next !== 'string') throw new Error('closed');
      frames.push(next);
    }
    expect(frames.filter((frame) => !frame.endsWith('}'))).toHaveLength(1);
    const failed = await connection.ask({ ...asked, model: 'sim-1!error-after=1' });
    expect(failed.at(-1)).toMatchObject({ type: 'error', error: { code: 'server_error' } });
    expect(await connection.frame()).toMatchObject({ type: 'response.failed' });
  });

  test('meet the handshake when header or rules take the place of an answer', async () => {
    using refused = new Connection({ 'x-simulate': 'status=426' });
    expect(await refused.next()).toMatchObject({ code: expect.any(Number) });
    const reply = await fetch(`${simulator.url}/v1/responses`, {
      headers: { upgrade: 'websocket', connection: 'Upgrade', 'x-simulate': 'status=426' },
    });
    expect(reply.status).toBe(426);
    await simulator.fault('cut-after=1,times=1', '/v1/responses');
    using connection = new Connection();
    await connection.send({ type: 'response.create', ...asked });
    expect(await deltasUntilEnd(connection)).toEqual({ deltas: 1, code: 1006 });
    await simulator.fault('');
  });
});

/*
 * The simulated realtime API: the official client holds a conversation with it, and a plain WebSocket shows the rest: order and shape of
 * events, what is refused, and every way in which a socket may fail.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { eventually } from '../harness/eventually.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { startTlsFront, type TlsFront } from '../harness/tls-front.ts';

let simulator: SimulatorProcess;
let front: TlsFront;
beforeAll(async () => {
  simulator = await startSimulator();
  front = await startTlsFront(simulator.url);
});
afterAll(async () => {
  await front[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

interface Event {
  readonly type: string;
  readonly [name: string]: any;
}

interface Talk extends AsyncDisposable {
  readonly socket: WebSocket;
  /** All that came, in order. */
  readonly events: readonly Event[];
  /** Frames that are no JSON. */
  readonly broken: readonly string[];
  say(event: object | string): void;
  /** Resolves with the first event of a type that has not been waited for. */
  until(type: string): Promise<Event>;
  /** The close code, once closed. */
  readonly closed: Promise<number>;
}

/** Opens a plain socket and says nothing. */
async function talk(query: string, protocols: string[] = []): Promise<Talk> {
  const socket = new WebSocket(`${simulator.url.replace('http', 'ws')}/v1/realtime?${query}`, protocols);
  const events: Event[] = [];
  const broken: string[] = [];
  const closed = Promise.withResolvers<number>();
  let wake = Promise.withResolvers<void>();
  let seen = 0;
  socket.onmessage = ({ data }) => {
    try {
      events.push(JSON.parse(String(data)) as Event);
    } catch {
      broken.push(String(data));
    }
    wake.resolve();
  };
  socket.onclose = ({ code }) => {
    closed.resolve(code);
    wake.resolve();
  };
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error('the socket did not open'));
  });
  return {
    socket,
    events,
    broken,
    closed: closed.promise,
    say: (event) => socket.send(typeof event === 'string' ? event : JSON.stringify(event)),
    async until(type) {
      for (;;) {
        for (; seen < events.length; seen += 1) {
          const event = events[seen];
          if (event?.type !== type) continue;
          seen += 1;
          return event;
        }
        if (socket.readyState !== WebSocket.OPEN) throw new Error(`closed before ${type}: ${events.map((event) => event.type).join(', ')}`);
        wake = Promise.withResolvers();
        await wake.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed.promise;
    },
  };
}

function model(name: string): string {
  return `model=${encodeURIComponent(name)}`;
}

function userMessage(text: string): object {
  return { type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } };
}

const TEXT = { type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } };

test('the official client talks, reads text and usage, and hears of its mistakes', async () => {
  const client = new OpenAI({ baseURL: `${front.url}/v1`, apiKey: 'none' });
  const realtime = new OpenAIRealtimeWS({ model: 'sim-1!tokens=4', options: { rejectUnauthorized: false } }, client);
  const done = Promise.withResolvers<any>();
  const types: string[] = [];
  let text = '';
  realtime.on('event', (event) => types.push(event.type));
  realtime.on('error', (error) => done.reject(error));
  realtime.on('session.created', () => {
    realtime.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'], instructions: 'Be brief.' } });
  });
  realtime.on('session.updated', ({ session }) => {
    expect(session).toMatchObject({ type: 'realtime', output_modalities: ['text'], instructions: 'Be brief.', model: 'sim-1' });
    realtime.send({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
    });
    realtime.send({ type: 'response.create' });
  });
  realtime.on('response.output_text.delta', (event) => {
    text += event.delta;
  });
  realtime.on('response.done', ({ response }) => done.resolve(response));
  const response = await done.promise;
  expect(response).toMatchObject({
    object: 'realtime.response',
    status: 'completed',
    status_details: null,
    output: [{ type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text }] }],
    usage: { output_tokens: 4, output_token_details: { text_tokens: 4, audio_tokens: 0 } },
  });
  expect(response.usage.total_tokens).toBe(response.usage.input_tokens + 4);
  expect(types).toEqual([
    'session.created',
    'session.updated',
    'conversation.item.added',
    'conversation.item.done',
    'response.created',
    'response.output_item.added',
    'conversation.item.added',
    'response.content_part.added',
    ...Array.from({ length: 4 }, () => 'response.output_text.delta'),
    'response.output_text.done',
    'response.content_part.done',
    'conversation.item.done',
    'response.output_item.done',
    'response.done',
  ]);

  const mistaken = Promise.withResolvers<any>();
  realtime.off('error', done.reject);
  realtime.on('error', (error) => mistaken.resolve(error));
  realtime.send({ type: 'response.cancel', event_id: 'mine' });
  expect((await mistaken.promise).error).toMatchObject({
    code: 'response_cancel_not_active',
    event_id: 'mine',
    type: 'invalid_request_error',
  });
  const closed = Promise.withResolvers<void>();
  realtime.socket.on('close', () => closed.resolve());
  realtime.close();
  await closed.promise;
});

describe('a session', () => {
  test('takes the subprotocols of browsers, and agrees to the one that is no secret', async () => {
    await using open = await talk(model('sim-1'), ['realtime', 'openai-insecure-api-key.sk-1']);
    expect(open.socket.protocol).toBe('realtime');
    expect((await open.until('session.created'))['session']).toMatchObject({
      object: 'realtime.session',
      model: 'sim-1',
      output_modalities: ['audio'],
    });
  });

  test('speaks in sound with a transcript, in the format that is asked for', async () => {
    const bytes: Record<string, number> = {};
    for (const type of ['audio/pcm', 'audio/pcmu', 'audio/pcma']) {
      await using open = await talk(model('sim-1!tokens=3'));
      open.say({ type: 'session.update', session: { type: 'realtime', audio: { output: { format: { type }, voice: 'cedar' } } } });
      open.say(userMessage('Hello'));
      open.say({ type: 'response.create' });
      const { response } = await open.until('response.done');
      const said = (name: string) => open.events.filter((event) => event.type === name).map((event) => event['delta'] as string);
      expect(response.output[0].content[0].transcript).toBe(said('response.output_audio_transcript.delta').join(''));
      expect(response.audio.output).toMatchObject({ format: { type }, voice: 'cedar' });
      expect(response.usage.output_token_details).toEqual({ text_tokens: 3, audio_tokens: 6 });
      bytes[type] = said('response.output_audio.delta').reduce((total, delta) => total + Buffer.from(delta, 'base64').length, 0);
    }
    // Three words of 100 ms each: two bytes at 24 kHz, or one at 8 kHz.
    expect(bytes).toEqual({ 'audio/pcm': 14_400, 'audio/pcmu': 2_400, 'audio/pcma': 2_400 });
  });

  test('calls tools, one item each, and answers in words when it has their results', async () => {
    await using open = await talk(model('sim-1'));
    const tools = ['get_weather', 'get_time'].map((name) => ({
      type: 'function',
      name,
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    }));
    open.say({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'], tools } });
    open.say(userMessage('Try get_weather and get_time'));
    open.say({ type: 'response.create' });
    const { response } = await open.until('response.done');
    expect(response.output.map((item: Event) => [item.type, item['name'], item['status']])).toEqual([
      ['function_call', 'get_weather', 'completed'],
      ['function_call', 'get_time', 'completed'],
    ]);
    const calls = open.events.filter((event) => event.type === 'response.function_call_arguments.done');
    expect(calls.map((event) => event['output_index'])).toEqual([0, 1]);
    expect(JSON.parse(calls[0]?.['arguments'])).toMatchObject({ city: expect.any(String) });
    for (const { call_id } of response.output)
      open.say({ type: 'conversation.item.create', item: { type: 'function_call_output', call_id, output: 'sunny' } });
    open.say({ type: 'response.create' });
    expect((await open.until('response.done'))['response'].output[0].type).toBe('message');
  });

  test('ends at max_output_tokens as incomplete, and outside of the conversation leaves it alone', async () => {
    await using open = await talk(model('sim-1!tokens=20'));
    open.say(TEXT);
    open.say({ type: 'response.create', response: { max_output_tokens: 2, conversation: 'none', metadata: { a: 'b' }, input: [] } });
    const { response } = await open.until('response.done');
    expect(response).toMatchObject({
      status: 'incomplete',
      status_details: { type: 'incomplete', reason: 'max_output_tokens' },
      conversation_id: null,
      metadata: { a: 'b' },
      usage: { output_tokens: 2 },
    });
    open.say({ type: 'conversation.item.retrieve', item_id: response.output[0].id });
    expect((await open.until('error'))['error'].code).toBe('item_retrieve_invalid_item_id');
    expect(open.events.some((event) => event.type.startsWith('conversation.item'))).toBe(false);
  });

  test('cancels an answer, says how far it came, and answers the next', async () => {
    await using open = await talk(model('sim-1!tokens=500,tokens-per-second=100'));
    open.say(TEXT);
    open.say(userMessage('Hello'));
    open.say({ type: 'response.create' });
    await open.until('response.output_text.delta');
    open.say({ type: 'response.create' });
    expect((await open.until('error'))['error'].code).toBe('conversation_already_has_active_response');
    open.say({ type: 'response.cancel' });
    const { response } = await open.until('response.done');
    expect(response).toMatchObject({
      status: 'cancelled',
      status_details: { reason: 'client_cancelled' },
      output: [{ status: 'incomplete' }],
    });
    expect(response.usage.output_tokens).toBeLessThan(500);
    open.say({ type: 'response.create' });
    await open.until('response.output_text.delta');
  });

  test('hears what is appended and committed, and writes it down when told to', async () => {
    await using open = await talk(model('sim-1'));
    open.say({
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { transcription: { model: 'whisper-1' }, turn_detection: null } } },
    });
    open.say({ type: 'input_audio_buffer.commit' });
    expect((await open.until('error'))['error']).toMatchObject({
      code: 'input_audio_buffer_commit_empty',
      message: expect.stringContaining('0.00ms'),
    });
    const second = Buffer.alloc(48_000).toString('base64');
    open.say({ type: 'input_audio_buffer.append', audio: second });
    open.say({ type: 'input_audio_buffer.clear' });
    await open.until('input_audio_buffer.cleared');
    open.say({ type: 'input_audio_buffer.append', audio: second });
    open.say({ type: 'input_audio_buffer.append', audio: second });
    open.say({ type: 'input_audio_buffer.commit' });
    const { item_id: id } = await open.until('input_audio_buffer.committed');
    expect((await open.until('conversation.item.done'))['item']).toMatchObject({
      id,
      role: 'user',
      content: [{ type: 'input_audio', transcript: null }],
    });
    expect(await open.until('conversation.item.input_audio_transcription.completed')).toMatchObject({
      item_id: id,
      transcript: expect.stringMatching(/\.$/),
      usage: { type: 'tokens', input_tokens: 20 },
    });
    open.say({ type: 'response.create' });
    expect((await open.until('response.done'))['response'].usage.input_token_details.audio_tokens).toBe(20);
  });

  test('of transcription alone needs no model and makes no answers', async () => {
    await using open = await talk('intent=transcription');
    expect((await open.until('session.created'))['session']).toMatchObject({
      type: 'transcription',
      object: 'realtime.transcription_session',
    });
    open.say({ type: 'response.create' });
    expect((await open.until('error'))['error'].type).toBe('invalid_request_error');
  });

  test('keeps its items in order, and gives, shortens and deletes them', async () => {
    await using open = await talk(model('sim-1'));
    const item = (id: string) => ({ id, type: 'message', role: 'user', content: [{ type: 'input_text', text: id }] });
    open.say({ type: 'conversation.item.create', item: item('one') });
    open.say({ type: 'conversation.item.create', item: item('three') });
    open.say({ type: 'conversation.item.create', item: item('two'), previous_item_id: 'one' });
    open.say({ type: 'conversation.item.create', item: item('zero'), previous_item_id: 'root' });
    open.say({ type: 'conversation.item.delete', item_id: 'three' });
    await open.until('conversation.item.deleted');
    const added = open.events.filter((event) => event.type === 'conversation.item.added');
    expect(added.map((event) => [event['item'].id, event['previous_item_id']])).toEqual([
      ['one', null],
      ['three', 'one'],
      ['two', 'one'],
      ['zero', null],
    ]);
    open.say({ type: 'conversation.item.retrieve', item_id: 'two' });
    expect((await open.until('conversation.item.retrieved'))['item'].content[0].text).toBe('two');
  });
});

describe('an event is refused, and the session goes on', () => {
  const rows: [name: string, event: object | string, code: string, param: string | null][] = [
    ['that is no JSON', '{', 'invalid_event', null],
    ['that is no object', '[]', 'invalid_event', null],
    ['without a type', {}, 'invalid_event', null],
    ['of a type that is none', { type: 'session.destroy' }, 'invalid_value', 'type'],
    ['of a type that every object has', { type: 'constructor' }, 'invalid_value', 'type'],
    ['with a session of no type', { type: 'session.update', session: {} }, 'missing_required_parameter', 'session.type'],
    [
      'with a setting of the beta',
      { type: 'session.update', session: { type: 'realtime', modalities: ['text'] } },
      'unknown_parameter',
      'session.modalities',
    ],
    [
      'with both modalities',
      { type: 'session.update', session: { type: 'realtime', output_modalities: ['text', 'audio'] } },
      'invalid_value',
      'session.output_modalities',
    ],
    [
      'with a format that is none',
      { type: 'session.update', session: { type: 'realtime', audio: { output: { format: { type: 'mp3' } } } } },
      'invalid_value',
      'session.audio.output.format.type',
    ],
    ['without an item', { type: 'conversation.item.create' }, 'missing_required_parameter', 'item'],
    ['with an item of no type', { type: 'conversation.item.create', item: {} }, 'missing_required_parameter', 'item.type'],
    [
      'with the content of another role',
      { type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'output_text' }] } },
      'invalid_value',
      'item.content[0].type',
    ],
    [
      'with a role that every object has',
      { type: 'conversation.item.create', item: { type: 'message', role: 'toString', content: [] } },
      'invalid_value',
      'item.role',
    ],
    [
      'behind an item that is none',
      { type: 'conversation.item.create', previous_item_id: 'x', item: { type: 'message', role: 'user', content: [] } },
      'invalid_value',
      'previous_item_id',
    ],
    ['to delete what is not there', { type: 'conversation.item.delete', item_id: 'x' }, 'item_delete_invalid_item_id', 'item_id'],
    [
      'to shorten what is not there',
      { type: 'conversation.item.truncate', item_id: 'x', content_index: 0, audio_end_ms: 1 },
      'item_truncate_invalid_item_id',
      'item_id',
    ],
    ['with sound that is no base64', { type: 'input_audio_buffer.append', audio: '?' }, 'invalid_value', 'audio'],
    [
      'with a limit that is none',
      { type: 'response.create', response: { max_output_tokens: 0 } },
      'invalid_value',
      'response.max_output_tokens',
    ],
    ['with input that is no list', { type: 'response.create', response: { input: 'x' } }, 'invalid_type', 'response.input'],
  ];
  test.each(rows)('%s', async (_, event, code, param) => {
    await using open = await talk(model('sim-1!tokens=1'));
    open.say(typeof event === 'string' ? event : { event_id: 'mine', ...event });
    const { error } = await open.until('error');
    expect(error).toMatchObject({ type: 'invalid_request_error', code, param, event_id: typeof event === 'string' ? null : 'mine' });
    open.say({ type: 'response.create' });
    await open.until('response.done');
  });

  test('bytes', async () => {
    await using open = await talk(model('sim-1'));
    open.socket.send(new Uint8Array([123, 125]));
    expect((await open.until('error'))['error'].code).toBe('invalid_event');
  });
});

describe('the upgrade is refused', () => {
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const ask = (target: string, headers: Record<string, string> = upgrade, timeoutMs = 2_000) =>
    rawExchange(simulator.url, [rawRequest({ target, headers })], { timeoutMs });

  const rows: [name: string, target: string, status: number, body: RegExp][] = [
    ['with a status', `/v1/realtime?${model('sim-1!status=429,retry-after=3')}`, 429, /rate_limit_exceeded/],
    ['without a model', '/v1/realtime', 400, /must provide a model/],
    ['for a call that is none', '/v1/realtime?call_id=rtc_1', 404, /rtc_1/],
    ['for a fault that nobody knows', `/v1/realtime?${model('sim-1!nonsense')}`, 400, /unknown fault/],
  ];
  test.each(rows)('%s', async (_, target, status, body) => {
    const reply = await ask(target);
    expect(reply.status).toBe(status);
    expect(reply.body).toMatch(body);
  });

  test('when there is none: the route takes sockets only', async () => {
    expect((await ask(`/v1/realtime?${model('sim-1')}`, {})).status).toBe(426);
  });

  test('by silence, or a reset', async () => {
    expect(await ask(`/v1/realtime?${model('sim-1!silence')}`, upgrade, 300)).toMatchObject({ status: 0, raw: '', connection: 'open' });
    expect(await ask(`/v1/realtime?${model('sim-1!reset')}`)).toMatchObject({ status: 0, raw: '', connection: 'reset' });
  });
});

describe('a socket fails', () => {
  const asked = async (faults: string): Promise<Talk> => {
    const open = await talk(model(`sim-1!tokens=9,${faults}`));
    open.say(TEXT);
    open.say({ type: 'response.create' });
    return open;
  };
  const deltas = ({ events }: Talk) => events.filter((event) => event.type === 'response.output_text.delta').length;

  test('closed without a word', async () => {
    const open = await talk(model('sim-1!empty'));
    expect(await open.closed).toBe(1000);
    expect(open.events).toEqual([]);
  });

  test('cut in the middle, without a close frame', async () => {
    await simulator.reset();
    const open = await asked('cut-after=3');
    expect(await open.closed).toBe(1006);
    expect(deltas(open)).toBe(3);
    const [record] = await simulator.requests('/v1/realtime');
    expect(record).toMatchObject({ status: 101, outcome: 'cut', tokensSent: 3, body: expect.stringContaining('response.create') });
  });

  test('closed in the middle, with one', async () => {
    const open = await asked('end-after=3');
    expect(await open.closed).toBe(1000);
    expect(deltas(open)).toBe(3);
    expect(open.events.some((event) => event.type === 'response.done')).toBe(false);
  });

  test('silent in the middle, though it still hears', async () => {
    await using open = await asked('stall-after=3');
    await eventually(() => deltas(open) === 3);
    open.say({ type: 'response.create' });
    expect((await open.until('error'))['error'].code).toBe('conversation_already_has_active_response');
    expect(deltas(open)).toBe(3);
  });

  test('with an error in the middle: the answer has failed', async () => {
    await using open = await asked('error-after=3');
    expect((await open.until('error'))['error']).toMatchObject({ type: 'server_error', code: 'server_error' });
    expect((await open.until('response.done'))['response']).toMatchObject({
      status: 'failed',
      status_details: { error: { type: 'server_error' } },
    });
    expect(deltas(open)).toBe(3);
  });

  test('with a frame that is no JSON, a huge one, and without usage', async () => {
    await using open = await asked('malformed-after=3,huge-event=2000000,no-usage');
    expect((await open.until('response.done'))['response'].usage).toBeNull();
    expect(open.broken).toHaveLength(1);
    expect(open.events.some((event) => String(event['delta']).length === 2_000_000)).toBe(true);
  });

  test('without the end of the answer', async () => {
    await using open = await asked('no-done');
    await open.until('response.output_item.done');
    open.say({ type: 'session.update', session: { type: 'realtime' } });
    await open.until('session.updated');
    expect(open.events.some((event) => event.type === 'response.done')).toBe(false);
  });

  test('left by its client, it goes on with nothing', async () => {
    await simulator.reset();
    const open = await asked('tokens=100000,tokens-per-second=100');
    await open.until('response.output_text.delta');
    await open[Symbol.asyncDispose]();
    await eventually(async () => (await simulator.stats()).open === 0);
    const { tokensSent } = await simulator.stats();
    expect(tokensSent).toBeLessThan(1_000);
  });
});

test('a key for a browser is given with the session that it is for', async () => {
  const client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'none', maxRetries: 0 });
  const secret = await client.realtime.clientSecrets.create({ session: { type: 'realtime', model: 'sim-1', instructions: 'Hi' } });
  expect(secret).toMatchObject({ value: expect.stringMatching(/^ek_/), session: { type: 'realtime', model: 'sim-1', instructions: 'Hi' } });
  const refused = await fetch(`${simulator.url}/v1/realtime/client_secrets`, { method: 'POST', body: '{"session":{"type":"x"}}' });
  expect(refused.status).toBe(400);
});

/* How the simulated realtime API refuses: events, one by one, and whole sockets; and every way in which a socket may fail. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { IN_WRITING, openRealtime, type RealtimeTalk } from '../harness/realtime.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator[Symbol.asyncDispose]());

function talk(query: string): Promise<RealtimeTalk> {
  return openRealtime(`${simulator.url}/v1/realtime?${query}`);
}

function model(name: string): string {
  return `model=${encodeURIComponent(name)}`;
}

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

  test('bytes end it', async () => {
    const open = await talk(model('sim-1'));
    open.socket.send(new Uint8Array([123, 125]));
    expect(await open.closed).toBe(1003);
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
  const asked = async (faults: string): Promise<RealtimeTalk> => {
    const open = await talk(model(`sim-1!tokens=9,${faults}`));
    open.say(IN_WRITING);
    open.say({ type: 'response.create' });
    return open;
  };
  const deltas = (open: RealtimeTalk) => open.all('response.output_text.delta').length;

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
    expect(open.all('response.done')).toEqual([]);
  });

  test('silent in the middle, though it still hears', async () => {
    await using open = await asked('stall-after=3');
    await eventually(() => deltas(open) === 3);
    open.say({ type: 'response.create' });
    expect((await open.until('error')).error.code).toBe('conversation_already_has_active_response');
    expect(deltas(open)).toBe(3);
  });

  test('with an error in the middle: the answer has failed', async () => {
    await using open = await asked('error-after=3');
    expect((await open.until('error')).error).toMatchObject({ type: 'server_error', code: 'server_error' });
    expect((await open.until('response.done')).response).toMatchObject({
      status: 'failed',
      status_details: { error: { type: 'server_error' } },
    });
    expect(deltas(open)).toBe(3);
  });

  test('with a frame that is no JSON, a huge one, and without usage', async () => {
    await using open = await asked('malformed-after=3,huge-event=2000000,no-usage');
    expect((await open.until('response.done')).response.usage).toBeNull();
    expect(open.broken).toHaveLength(1);
    expect(open.all('response.output_text.delta').some((event) => event.delta.length === 2_000_000)).toBe(true);
  });

  test('without the end of the answer', async () => {
    await using open = await asked('no-done');
    await open.until('response.output_item.done');
    open.say({ type: 'session.update', session: { type: 'realtime' } });
    await open.until('session.updated');
    expect(open.all('response.done')).toEqual([]);
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

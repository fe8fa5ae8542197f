/*
 * The simulated realtime API: the official client holds a conversation with it, and a plain WebSocket shows the rest: order and shape of
 * events. What is refused, and how a socket fails, is in realtime-faults.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { IN_WRITING, openRealtime, type RealtimeTalk, userMessage } from '../harness/realtime.ts';
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

function talk(query: string, protocols: string[] = []): Promise<RealtimeTalk> {
  return openRealtime(`${simulator.url}/v1/realtime?${query}`, protocols);
}

function model(name: string): string {
  return `model=${encodeURIComponent(name)}`;
}

test('the official client talks, reads text and usage, and hears of its mistakes', async () => {
  const client = new OpenAI({ baseURL: `${front.url}/v1`, apiKey: 'none' });
  const realtime = new OpenAIRealtimeWS({ model: 'sim-1!tokens=4', options: { rejectUnauthorized: false } }, client);
  const done = Promise.withResolvers<OpenAI.Realtime.RealtimeResponse>();
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
  expect(response.usage?.total_tokens).toBe((response.usage?.input_tokens ?? 0) + 4);
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

  const mistaken = Promise.withResolvers<{ error?: unknown }>();
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
    expect((await open.until('session.created')).session).toMatchObject({
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
      const transcript = open.all('response.output_audio_transcript.delta').map((event) => event.delta);
      expect(response.output).toMatchObject([{ content: [{ type: 'output_audio', transcript: transcript.join('') }] }]);
      expect(response.audio?.output).toMatchObject({ format: { type }, voice: 'cedar' });
      expect(response.usage?.output_token_details).toEqual({ text_tokens: 3, audio_tokens: 6 });
      const sound = open.all('response.output_audio.delta').map((event) => Buffer.from(event.delta, 'base64'));
      bytes[type] = Buffer.concat(sound).length;
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
    expect(response.output).toMatchObject([
      { type: 'function_call', name: 'get_weather', status: 'completed' },
      { type: 'function_call', name: 'get_time', status: 'completed' },
    ]);
    const calls = open.all('response.function_call_arguments.done');
    expect(calls.map((event) => event.output_index)).toEqual([0, 1]);
    expect(JSON.parse(calls[0]?.arguments ?? '')).toMatchObject({ city: expect.any(String) });
    const deltas = open.all('response.function_call_arguments.delta').filter((event) => event.output_index === 0);
    expect(deltas.map((event) => event.delta).join('')).toBe(calls[0]?.arguments ?? '');
    for (const { call_id } of calls)
      open.say({ type: 'conversation.item.create', item: { type: 'function_call_output', call_id, output: 'sunny' } });
    open.say({ type: 'response.create' });
    expect((await open.until('response.done')).response.output).toMatchObject([{ type: 'message' }]);
  });

  test('ends at max_output_tokens as incomplete, and outside of the conversation leaves it alone', async () => {
    await using open = await talk(model('sim-1!tokens=20'));
    open.say(IN_WRITING);
    open.say({ type: 'response.create', response: { max_output_tokens: 2, conversation: 'none', metadata: { a: 'b' }, input: [] } });
    const { response } = await open.until('response.done');
    expect(response).toMatchObject({
      status: 'incomplete',
      status_details: { type: 'incomplete', reason: 'max_output_tokens' },
      conversation_id: null,
      metadata: { a: 'b' },
      usage: { output_tokens: 2 },
    });
    open.say({ type: 'conversation.item.retrieve', item_id: response.output?.[0]?.id });
    expect((await open.until('error')).error.code).toBe('item_retrieve_invalid_item_id');
    expect(open.events.some((event) => event.type.startsWith('conversation.item'))).toBe(false);
  });

  test('cancels an answer, says how far it came, and answers the next', async () => {
    await using open = await talk(model('sim-1!tokens=500,tokens-per-second=100'));
    open.say(IN_WRITING);
    open.say(userMessage('Hello'));
    open.say({ type: 'response.create' });
    await open.until('response.output_text.delta');
    open.say({ type: 'response.create' });
    expect((await open.until('error')).error.code).toBe('conversation_already_has_active_response');
    open.say({ type: 'response.cancel' });
    const { response } = await open.until('response.done');
    expect(response).toMatchObject({
      status: 'cancelled',
      status_details: { reason: 'client_cancelled' },
      output: [{ status: 'incomplete' }],
    });
    expect(response.usage?.output_tokens).toBeLessThan(500);
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
    expect((await open.until('error')).error).toMatchObject({
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
    expect((await open.until('conversation.item.done')).item).toMatchObject({
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
    expect((await open.until('response.done')).response.usage?.input_token_details?.audio_tokens).toBe(20);
  });

  test('of transcription alone needs no model and makes no answers', async () => {
    await using open = await talk('intent=transcription');
    expect((await open.until('session.created')).session).toMatchObject({
      type: 'transcription',
      object: 'realtime.transcription_session',
    });
    open.say({ type: 'response.create' });
    expect((await open.until('error')).error.type).toBe('invalid_request_error');
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
    expect(open.all('conversation.item.added').map((event) => [event.item.id, event.previous_item_id])).toEqual([
      ['one', null],
      ['three', 'one'],
      ['two', 'one'],
      ['zero', null],
    ]);
    open.say({ type: 'conversation.item.retrieve', item_id: 'two' });
    expect((await open.until('conversation.item.retrieved')).item).toMatchObject({ content: [{ text: 'two' }] });
  });
});

test('a key for a browser is given with the session that it is for', async () => {
  const client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'none', maxRetries: 0 });
  const secret = await client.realtime.clientSecrets.create({ session: { type: 'realtime', model: 'sim-1', instructions: 'Hi' } });
  expect(secret).toMatchObject({ value: expect.stringMatching(/^ek_/), session: { type: 'realtime', model: 'sim-1', instructions: 'Hi' } });
  const refused = await fetch(`${simulator.url}/v1/realtime/client_secrets`, { method: 'POST', body: '{"session":{"type":"x"}}' });
  expect(refused.status).toBe(400);
});

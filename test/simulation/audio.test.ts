/* The simulated audio and moderation APIs against the official client, and what they refuse. Sound is measured: files are what they are said to be. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI, { toFile } from 'openai';
import type { ModerationReply, SpeechEvent, TranscriptEvent } from '../../src/simulate/openai-shapes.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
let client: OpenAI;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => simulator[Symbol.asyncDispose]());

/** Compiles only while our shapes are the vendor's. */
const asVendor = {
  transcript: (ours: TranscriptEvent): OpenAI.Audio.TranscriptionStreamEvent => ours,
  moderation: (ours: ModerationReply): Pick<OpenAI.ModerationCreateResponse, 'id' | 'model'> => ours,
};

const SAID = { model: 'tts-1', voice: 'alloy', input: 'Hello to the world' };

async function bytesOf(reply: Response): Promise<Buffer> {
  return Buffer.from(await reply.arrayBuffer());
}

function sse<Event>(text: string): Event[] {
  return Array.from(text.matchAll(/^data: (.*)$/gm), ([, data]) => JSON.parse(data ?? '') as Event);
}

function post(path: string, body: object): Promise<Response> {
  return fetch(`${simulator.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
}

describe('speech', () => {
  test('is a WAV file: a head that tells its length, and sound that follows from the words', async () => {
    const wav = await bytesOf(await client.audio.speech.create({ ...SAID, response_format: 'wav' }));
    expect([wav.toString('latin1', 0, 4), wav.toString('latin1', 8, 16), wav.readUInt32LE(24), wav.readUInt16LE(34)]).toEqual([
      'RIFF',
      'WAVEfmt ',
      24_000,
      16,
    ]);
    expect(wav.readUInt32LE(4)).toBe(wav.length - 8);
    expect(wav.readUInt32LE(40)).toBe(wav.length - 44);
    // Four words of 300 ms.
    expect(wav.length - 44).toBe(4 * 0.3 * 48_000);
    expect(Math.max(...new Int16Array(wav.buffer.slice(wav.byteOffset + 44, wav.byteOffset + wav.length)))).toBeGreaterThan(5_000);
    const pcm = await bytesOf(await client.audio.speech.create({ ...SAID, response_format: 'pcm' }));
    expect(pcm.equals(wav.subarray(44))).toBe(true);
    const other = await bytesOf(await client.audio.speech.create({ ...SAID, input: 'Farewell to the world', response_format: 'pcm' }));
    expect(other.equals(pcm)).toBe(false);
    expect(await bytesOf(await client.audio.speech.create({ ...SAID, response_format: 'pcm', speed: 2 }))).toHaveLength(pcm.length / 2);
  });

  const rows: [format: 'mp3' | 'opus' | 'aac' | 'flac' | 'pcm' | 'wav', type: string, begin: string][] = [
    ['mp3', 'audio/mpeg', 'fff384c4'],
    ['opus', 'audio/opus', Buffer.from('OggS').toString('hex')],
    ['aac', 'audio/aac', 'fff1'],
    ['flac', 'audio/flac', Buffer.from('fLaC').toString('hex')],
    ['wav', 'audio/wav', Buffer.from('RIFF').toString('hex')],
    ['pcm', 'audio/pcm', '0000'],
  ];
  test.each(rows)('as %s has the type %s', async (format, type, begin) => {
    const reply = await client.audio.speech.create({ ...SAID, response_format: format });
    expect(reply.headers.get('content-type')).toBe(type);
    expect((await bytesOf(reply)).toString('hex').startsWith(begin)).toBe(true);
  });

  test('as MP3 is one frame behind the other', async () => {
    const mp3 = await bytesOf(await client.audio.speech.create(SAID));
    expect(mp3.length % 192).toBe(0);
    for (let at = 0; at < mp3.length; at += 192) expect(mp3.readUInt32BE(at)).toBe(0xff_f3_84_c4);
  });

  test('streams as events that join to the same file, with usage', async () => {
    const asked = { ...SAID, response_format: 'wav' } as const;
    const events = sse<SpeechEvent>(await (await client.audio.speech.create({ ...asked, stream_format: 'sse' })).text());
    const done = events.pop();
    expect(done).toEqual({ type: 'speech.audio.done', usage: { input_tokens: 5, output_tokens: 24, total_tokens: 29 } });
    const joined = Buffer.concat(events.map((event) => Buffer.from('audio' in event ? event.audio : '', 'base64')));
    expect(joined.equals(await bytesOf(await client.audio.speech.create(asked)))).toBe(true);
  });

  test('comes in pieces, at the pace of 50 ms each, and breaks as told', async () => {
    const ask = (faults: string) => {
      const body = JSON.stringify({ ...SAID, model: `tts-1!${faults}`, response_format: 'pcm' });
      return rawExchange(simulator.url, [rawRequest({ target: '/v1/audio/speech', body })], { timeoutMs: 400 });
    };
    expect((await ask('tokens=3')).raw).toContain('Content-Type: audio/pcm');
    expect((await ask('tokens=3,status=503')).status).toBe(503);
    expect(await ask('cut-after=2')).toMatchObject({ status: 200, complete: false });
    expect(await ask('stall-after=2')).toMatchObject({ status: 200, complete: false, connection: 'open' });
    const [whole, ended] = await Promise.all(
      ['tokens=3', 'tokens=9,end-after=3'].map(async (faults) =>
        bytesOf(await client.audio.speech.create({ ...SAID, model: `tts-1!${faults}`, response_format: 'pcm' })),
      ),
    );
    expect(whole).toHaveLength(3 * 2_400);
    expect(ended).toHaveLength(3 * 2_400);
  });

  const refused: [name: string, body: object, param: string][] = [
    ['without a model', { model: undefined }, 'model'],
    ['without words', { input: undefined }, 'input'],
    ['with too many words', { input: 'x'.repeat(4_097) }, 'input'],
    ['with words that are none', { input: ['a'] }, 'input'],
    ['without a voice', { voice: undefined }, 'voice'],
    ['too fast', { speed: 5 }, 'speed'],
    ['at no speed', { speed: 'fast' }, 'speed'],
    ['in a format that is none', { response_format: 'midi' }, 'response_format'],
    ['streamed as nobody does', { stream_format: 'json' }, 'stream_format'],
  ];
  test.each(refused)('is refused %s', async (_, body, param) => {
    const reply = await post('/v1/audio/speech', { ...SAID, ...body });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ error: { param, type: 'invalid_request_error' } });
  });
});

describe('transcriptions', () => {
  const wav = async () =>
    toFile(await bytesOf(await client.audio.speech.create({ ...SAID, response_format: 'wav' })), 'said.wav', { type: 'audio/wav' });

  test('follow from the recording, and tell what it cost', async () => {
    const file = await wav();
    const reply = await client.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file, response_format: 'json' });
    expect(reply.text).toMatch(/^[A-Z].*\.$/);
    expect(reply.usage).toMatchObject({ type: 'tokens', input_tokens: 12, input_token_details: { text_tokens: 0, audio_tokens: 12 } });
    expect(await client.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file })).toEqual(reply);
    const other = await client.audio.transcriptions.create({
      model: 'gpt-4o-transcribe',
      file: await toFile(Buffer.from('else'), 'a.mp3'),
    });
    expect(other.text).not.toBe(reply.text);
    const byTime = await client.audio.transcriptions.create({ model: 'whisper-1', file });
    expect(byTime.usage).toEqual({ type: 'duration', seconds: 2 });
    const [record] = await simulator.requests('/v1/audio/transcriptions');
    expect(JSON.parse(record?.body ?? '')).toMatchObject({
      model: 'gpt-4o-transcribe',
      file: [{ filename: 'said.wav', type: 'audio/wav' }],
    });
  });

  test('come as text, as subtitles, and with the times of sentences and words', async () => {
    const file = await wav();
    const asked = { model: 'whisper-1', file, prompt: 'echo: One two. Three four.' };
    const as = (format: 'text' | 'srt' | 'vtt') => client.audio.transcriptions.create({ ...asked, response_format: format });
    expect(await as('text')).toBe('One two. Three four.\n');
    expect(await as('srt')).toBe('1\n00:00:00,000 --> 00:00:00,600\nOne two.\n\n2\n00:00:00,600 --> 00:00:01,200\nThree four.\n\n');
    expect(await as('vtt')).toBe('WEBVTT\n\n00:00:00.000 --> 00:00:00.600\nOne two.\n\n00:00:00.600 --> 00:00:01.200\nThree four.\n\n');
    const long = await client.audio.transcriptions.create({
      ...asked,
      response_format: 'verbose_json',
      timestamp_granularities: ['word', 'segment'],
    });
    expect(long).toMatchObject({ duration: 1.2, text: 'One two. Three four.', usage: { type: 'duration' } });
    expect(long.segments?.map(({ id, start, end, text }) => ({ id, start, end, text }))).toEqual([
      { id: 0, start: 0, end: 0.6, text: 'One two.' },
      { id: 1, start: 0.6, end: 1.2, text: ' Three four.' },
    ]);
    expect(long.words?.map(({ word, start }) => [word, start])).toEqual([
      ['One', 0],
      ['two.', 0.3],
      ['Three', 0.6],
      ['four.', 0.9],
    ]);
    const brief = await client.audio.transcriptions.create({
      ...asked,
      response_format: 'verbose_json',
      timestamp_granularities: ['word'],
    });
    expect(brief.segments).toBeUndefined();
    const speakers = await client.audio.transcriptions.create({ ...asked, response_format: 'diarized_json' });
    expect(speakers).toMatchObject({ task: 'transcribe', segments: [{ speaker: 'A' }, { speaker: 'B' }] });
  });

  test('stream word by word to the same text, with likelihoods when asked', async () => {
    const asked = { model: 'gpt-4o-transcribe', file: await wav(), include: ['logprobs' as const] };
    const events = await Array.fromAsync(await client.audio.transcriptions.create({ ...asked, stream: true }));
    const whole = await client.audio.transcriptions.create(asked);
    const done = events.pop();
    expect(events.map((event) => ('delta' in event ? event.delta : '')).join('')).toBe(whole.text);
    expect(events[0]).toMatchObject({
      type: 'transcript.text.delta',
      logprobs: [{ token: expect.any(String), logprob: expect.any(Number) }],
    });
    expect(done).toMatchObject({ type: 'transcript.text.done', text: whole.text, usage: { type: 'tokens', output_tokens: events.length } });
    expect(asVendor.transcript({ type: 'transcript.text.delta', delta: '' }).type).toBe('transcript.text.delta');
  });

  test('are translated', async () => {
    const file = await wav();
    // The client calls this deprecated, as the one model is that does it.
    const translated = async (format: string) => {
      const body = new FormData();
      for (const [name, value] of Object.entries({ model: 'whisper-1', file, response_format: format })) body.append(name, value);
      return (await (await fetch(`${simulator.url}/v1/audio/translations`, { method: 'POST', body })).json()) as { text: string };
    };
    const reply = await translated('json');
    expect(Object.keys(reply)).toEqual(['text']);
    expect(reply.text).not.toBe((await client.audio.transcriptions.create({ model: 'whisper-1', file })).text);
    expect(await translated('verbose_json')).toMatchObject({ task: 'translate', language: 'english' });
  });

  const refused: [name: string, fields: Record<string, string | Blob>, status: number, message: RegExp][] = [
    ['without a model', { file: new File(['a'], 'a.wav') }, 400, /provide a model/],
    ['without a file', { model: 'sim-1' }, 400, /'file'/],
    ['with an empty file', { model: 'sim-1', file: new File([], 'a.wav') }, 400, /corrupted/],
    ['with a file as a field', { model: 'sim-1', file: 'a.wav' }, 400, /'file'/],
    ['in a format that is none', { model: 'sim-1', file: new File(['a'], 'a.wav'), response_format: 'doc' }, 400, /Supported values/],
    [
      'with too large a file',
      { model: 'sim-1', file: new File([new Uint8Array(26_214_401)], 'a.wav') },
      413,
      /Maximum content size limit \(26214400\)/,
    ],
  ];
  test.each(refused)('are refused %s', async (_, fields, status, message) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    const reply = await fetch(`${simulator.url}/v1/audio/transcriptions`, { method: 'POST', body });
    expect(reply.status).toBe(status);
    expect(((await reply.json()) as { error: { message: string } }).error.message).toMatch(message);
  });
});

describe('moderations', () => {
  test('flag what a text says, each text by itself', async () => {
    const reply = await client.moderations.create({
      model: 'omni-moderation-latest',
      input: ['What a lovely day', 'I will kill you', 'a skill'],
    });
    expect(reply.results.map((result) => result.flagged)).toEqual([false, true, false]);
    expect(reply.results[1]?.categories).toMatchObject({ violence: true, harassment: false });
    expect(reply.results[1]?.category_scores.violence).toBeGreaterThan(0.5);
    expect(Object.keys(reply.results[0]?.categories ?? {})).toHaveLength(13);
    expect(await client.moderations.create({ input: ['What a lovely day', 'I will kill you', 'a skill'] })).toEqual(reply);
    const raw = (await (await post('/v1/moderations', { input: 'self-harm/intent' })).json()) as ModerationReply;
    expect(asVendor.moderation(raw).id).toMatch(/^modr-/);
    expect(Object.entries(raw.results[0]?.categories ?? {}).flatMap(([name, flagged]) => (flagged ? [name] : []))).toEqual([
      'self-harm/intent',
    ]);
  });

  test('judge words and pictures together, and say which of them', async () => {
    const reply = await client.moderations.create({
      input: [
        { type: 'text', text: 'Look' },
        { type: 'image_url', image_url: { url: 'https://example.com/gore.png' } },
      ],
    });
    expect(reply.results).toHaveLength(1);
    expect(reply.results[0]).toMatchObject({
      flagged: true,
      category_applied_input_types: { 'violence/graphic': ['text', 'image'], hate: ['text'] },
    });
  });

  test('flag everything when told to, and fail as told', async () => {
    const all = await client.moderations.create({ model: 'sim-1!refusal', input: 'What a lovely day' });
    expect(Object.values(all.results[0]?.categories ?? {}).every(Boolean)).toBe(true);
    expect((await post('/v1/moderations', { model: 'sim-1!status=500', input: 'a' })).status).toBe(500);
  });

  test.each([
    ['without input', {}],
    ['with input of no kind', { input: 1 }],
    ['with no input in a list', { input: [] }],
    ['with a part of no kind', { input: [{ type: 'audio' }] }],
    ['with a model that is no name', { input: 'a', model: 1 }],
  ])('are refused %s', async (_, body) => {
    const reply = await post('/v1/moderations', body);
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
  });
});

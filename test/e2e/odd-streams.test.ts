/*
 * Streams that are no error, but no model server of ours would write them so: other line ends, comments, fields that mean nothing here, and
 * events that travel in any pieces. All of it passes as it came. The upstream is a bare socket, whose every byte is decided here.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { chunkedHead, type FaultyUpstream, startFaultyUpstream } from '../upstream/faulty-upstream.ts';

const KEY = 'sk-odd-00000000000000000';

const chunkOf = (content: string | null, more: object = {}) =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'odd',
    choices: [{ index: 0, delta: { content }, finish_reason: null, ...more }],
  });
const WORDS = ['Grüße ', '世界 ', '☕ 🜛'];
const FINISH = chunkOf(null, { delta: {}, finish_reason: 'stop' });
const USAGE =
  '{"id":"c","object":"chat.completion.chunk","created":1,"model":"odd","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":3,"total_tokens":4}}';
const DATA = [...WORDS.map((word) => chunkOf(word)), FINISH];

const lines = (ending: string) => [...DATA, '[DONE]'].map((data) => `data: ${data}${ending}${ending}`).join('');
const [first = '', ...rest] = DATA;

/** What an upstream may send; the usage chunk, where there is one, is not for the caller. */
const STREAMS: Readonly<Record<string, { readonly sent: string; readonly passed?: string }>> = {
  'line feeds': { sent: lines('\n') },
  'carriage returns and line feeds': { sent: lines('\r\n') },
  'carriage returns alone': { sent: lines('\r') },
  'no space after the colon': { sent: lines('\n').replaceAll('data: ', 'data:') },
  'comments and pings between the events': { sent: `: OPENROUTER PROCESSING\n\n${lines('\n').replaceAll('\n\n', '\n\n:\n\n')}` },
  'names, ids and retry times of events': { sent: lines('\n').replaceAll('data: ', 'event: chunk\nid: 7\nretry: 100\ndata: ') },
  'an event on several lines': {
    sent: `data: ${first.slice(0, first.indexOf(',') + 1)}\ndata: ${first.slice(first.indexOf(',') + 1)}\n\n${rest.map((data) => `data: ${data}\n\n`).join('')}data: [DONE]\n\n`,
  },
  'a byte order mark': { sent: `\uFEFF${lines('\n')}` },
  'no line end after the terminal event': { sent: lines('\n').slice(0, -2) },
  'something after the terminal event': { sent: `${lines('\n')}: bye\n\n` },
  'a usage chunk between carriage returns': {
    sent: lines('\r\n').replace('data: [DONE]', `data: ${USAGE}\r\n\r\ndata: [DONE]`),
    passed: lines('\r\n'),
  },
  'a usage chunk before the finish': {
    sent: lines('\n').replace(`data: ${FINISH}`, `data: ${USAGE}\n\ndata: ${FINISH}`),
    passed: lines('\n'),
  },
};

/** How the bytes travel: cut into pieces without regard for events, lines or characters. */
const CUTS: readonly { readonly name: string; readonly pieceBytes: number }[] = [
  { name: 'in one piece', pieceBytes: 1_000_000 },
  { name: 'in pieces of 7 bytes', pieceBytes: 7 },
  { name: 'in pieces of 61 bytes', pieceBytes: 61 },
];

const PING_MS = 200;
/** Silence inside an event, long enough for pings. */
const PAUSE_MS = 900;

/** What is asked of the upstream, in the place of a model's name. */
interface Wish {
  readonly stream: string;
  readonly cut: number;
  /** Wait before this piece. */
  readonly pauseAt?: number;
}

let upstream: FaultyUpstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  upstream = await startFaultyUpstream((request, socket) => {
    const { stream, cut, pauseAt } = JSON.parse((JSON.parse(request.body) as { model: string }).model) as Wish;
    const bytes = Buffer.from(STREAMS[stream]?.sent ?? '');
    socket.setNoDelay(true);
    socket.write(chunkedHead(200, { 'content-type': 'text/event-stream' }));
    const send = async () => {
      for (let at = 0; at < bytes.length; at += cut) {
        const piece = bytes.subarray(at, at + cut);
        socket.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]));
        if (at === (pauseAt ?? -1) * cut) await Bun.sleep(PAUSE_MS);
        // A turn of the loop between the pieces, so that they don't all travel in one packet.
        await new Promise((resolve) => setImmediate(resolve));
      }
      socket.write('0\r\n\r\n');
    };
    send().catch(() => socket.destroy());
  });
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'odd', key: KEY }] },
      limits: { mode: 'off' },
      upstream: { ping_interval: `${PING_MS}ms` },
      providers: { odd: { type: 'openai-compatible', base_url: upstream.url, models: ['*'] } },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

const ask = (wish: Wish) => ({
  model: JSON.stringify(wish),
  stream: true as const,
  messages: [{ role: 'user' as const, content: 'Hello' }],
});

async function bytesOf(wish: Wish): Promise<string> {
  const reply = await gateway.request('/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify(ask(wish)),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
  });
  expect(reply.status).toBe(200);
  return Buffer.from(await reply.arrayBuffer()).toString();
}

async function textOf(wish: Wish): Promise<string> {
  const client = new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1` });
  let text = '';
  for await (const chunk of await client.chat.completions.create(ask(wish))) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

for (const [name, { sent, passed = sent }] of Object.entries(STREAMS)) {
  describe(`a stream with ${name}`, () => {
    for (const { name: how, pieceBytes } of CUTS) {
      test(`passes as it came, ${how}`, async () => {
        expect(await bytesOf({ stream: name, cut: pieceBytes })).toBe(passed);
      });
    }

    test('is understood by the client', async () => {
      expect(await textOf({ stream: name, cut: 7 })).toBe(WORDS.join(''));
    });
  });
}

describe('a stream that pauses in the middle of an event', () => {
  const wish = { stream: 'line feeds', cut: 61, pauseAt: 4 };

  test('is filled with pings, between whole events alone', async () => {
    const events = (await bytesOf(wish)).split(/(?<=\n\n)/);
    const pings = events.filter((event) => event === ': ping\n\n');
    expect(pings.length).toBeWithin(1, PAUSE_MS / PING_MS + 1);
    expect(events.filter((event) => event !== ': ping\n\n').join('')).toBe(lines('\n'));
  });

  test('is understood by the client', async () => {
    expect(await textOf(wish)).toBe(WORDS.join(''));
  });
});

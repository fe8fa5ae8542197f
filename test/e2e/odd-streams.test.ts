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

let upstream: FaultyUpstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  upstream = await startFaultyUpstream((request, socket) => {
    const { stream, cut } = JSON.parse(JSON.parse(request.body).model as string) as { stream: string; cut: number };
    const bytes = Buffer.from(STREAMS[stream]?.sent ?? '');
    socket.setNoDelay(true);
    socket.write(chunkedHead(200, { 'content-type': 'text/event-stream' }));
    const send = async () => {
      for (let at = 0; at < bytes.length; at += cut) {
        const piece = bytes.subarray(at, at + cut);
        socket.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]));
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
      providers: { odd: { type: 'openai-compatible', base_url: upstream.url, models: ['*'] } },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

for (const [name, { sent, passed = sent }] of Object.entries(STREAMS)) {
  describe(`a stream with ${name}`, () => {
    for (const { name: how, pieceBytes } of CUTS) {
      const body = {
        model: JSON.stringify({ stream: name, cut: pieceBytes }),
        stream: true as const,
        messages: [{ role: 'user' as const, content: 'Hello' }],
      };

      test(`passes as it came, ${how}`, async () => {
        const reply = await gateway.request('/v1/chat/completions', {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
        });
        expect(Buffer.from(await reply.arrayBuffer()).toString()).toBe(passed);
        expect(reply.status).toBe(200);
      });
    }

    test('is understood by the client', async () => {
      const client = new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1` });
      const model = JSON.stringify({ stream: name, cut: 7 });
      let text = '';
      for await (const chunk of await client.chat.completions.create({
        model,
        stream: true,
        messages: [{ role: 'user', content: 'Hello' }],
      })) {
        text += chunk.choices[0]?.delta.content ?? '';
      }
      expect(text).toBe(WORDS.join(''));
    });
  });
}

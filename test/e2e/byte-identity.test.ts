/*
 * Same dialect, same bytes. What the upstream gets is what the caller sent, and what the caller gets is what the upstream sent, byte for
 * byte, but for the model's name and the usage that the gateway asks for itself. Each answer is compared with the one that the simulator
 * gives directly to the very request that the gateway forwarded: it is deterministic.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { accessLine } from '../harness/access-log.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-bytes-000000000000000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'bytes', key: KEY }] },
      limits: { mode: 'off' },
      providers: {
        simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1`, models: ['*'] },
        // A server that would refuse `stream_options`.
        plain: { type: 'openai-compatible', base_url: `${simulator.url}/v1`, stream_usage: false },
      },
      models: { 'house-model': { targets: [{ provider: 'simulator', model: 'sim-1' }] } },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

interface Bytes {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

async function post(url: string, body: string): Promise<Bytes> {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
  const reply = await fetch(url, { method: 'POST', headers, body });
  // Latin-1 keeps each byte apart: what UTF-8 would replace is not hidden.
  const bytes = Buffer.from(await reply.arrayBuffer()).toString('latin1');
  return { status: reply.status, contentType: reply.headers.get('content-type'), body: bytes };
}

interface Passed {
  readonly answer: Bytes;
  /** What arrived at the simulator. */
  readonly forwarded: string;
  /** What the simulator answers to that. */
  readonly direct: Bytes;
}

/** Sends a request through the gateway, and what the gateway made of it directly. */
async function pass(path: string, body: string): Promise<Passed> {
  const answer = await post(gateway.url + path, body);
  const forwarded = (await simulator.requests(path)).at(-1)?.body ?? '';
  return { answer, forwarded, direct: await post(simulator.url + path, forwarded) };
}

function events(body: string): string[] {
  return body.split(/(?<=\n\n)/);
}

const isUsageChunk = (event: string) => event.includes('"choices":[],') && event.includes('"usage":{');

const CHAT = '/v1/chat/completions';
const HELLO = { messages: [{ role: 'user', content: 'Hello' }] };
const TOOLS = [
  { type: 'function', function: { name: 'look_up', parameters: { type: 'object', properties: { what: { type: 'string' } } } } },
];

/** What is asked, as the fields of a body. */
const QUESTIONS: { readonly name: string; readonly path: string; readonly body: object }[] = [
  { name: 'prose', path: CHAT, body: { model: 'sim-1', ...HELLO } },
  {
    name: 'text beyond ASCII',
    path: CHAT,
    body: { model: 'sim-1', messages: [{ role: 'user', content: 'echo: ☕ naïve 🜛🜚 \u2028 "usage" {"error":1} \\ </s>' }] },
  },
  { name: 'several choices', path: CHAT, body: { model: 'sim-1', ...HELLO, n: 3 } },
  { name: 'log probabilities', path: CHAT, body: { model: 'sim-1', ...HELLO, logprobs: true, top_logprobs: 3 } },
  { name: 'tool calls', path: CHAT, body: { model: 'sim-1', messages: [{ role: 'user', content: 'Use the tool' }], tools: TOOLS } },
  { name: 'a refusal', path: CHAT, body: { model: 'sim-1!refusal', ...HELLO } },
  { name: 'an answer at a pace', path: CHAT, body: { model: 'sim-1!tokens=20,tokens-per-second=400,jitter=1', ...HELLO } },
  { name: 'a long answer', path: CHAT, body: { model: 'sim-1!tokens=5000', ...HELLO } },
  { name: 'a large event', path: CHAT, body: { model: 'sim-1!huge-event=2000000', ...HELLO } },
  { name: 'an answer without usage', path: CHAT, body: { model: 'sim-1!no-usage', ...HELLO } },
  { name: 'an answer without a finish reason', path: CHAT, body: { model: 'sim-1!no-finish', ...HELLO } },
  { name: 'the bytes of the benches', path: CHAT, body: { model: 'sim-fixed', ...HELLO } },
  { name: 'an older completion', path: '/v1/completions', body: { model: 'sim-1', prompt: ['Once', 'upon'], max_tokens: 9 } },
];

describe('a whole answer is the bytes of the upstream', () => {
  const rows = [
    ...QUESTIONS,
    { name: 'embeddings', path: '/v1/embeddings', body: { model: 'sim-embed', input: ['a', 'b'], encoding_format: 'base64' } },
  ];
  for (const { name, path, body } of rows) {
    test(name, async () => {
      const sent = JSON.stringify(body);
      const { answer, forwarded, direct } = await pass(path, sent);
      expect(forwarded).toBe(sent);
      expect(answer.status).toBe(200);
      expect(answer).toEqual(direct);
    });
  }
});

describe('a streamed answer with the usage that the caller asked for is the bytes of the upstream', () => {
  for (const { name, path, body } of QUESTIONS) {
    test(name, async () => {
      const sent = JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } });
      const { answer, forwarded, direct } = await pass(path, sent);
      expect(forwarded).toBe(sent);
      expect(answer.body).toBe(direct.body);
      expect(answer.body).toEndWith('data: [DONE]\n\n');
      expect(events(answer.body).filter(isUsageChunk).length).toBe(name === 'an answer without usage' ? 0 : 1);
    });
  }
});

describe('a streamed answer without it is the bytes of the upstream, less the usage chunk that the gateway asked for', () => {
  for (const { name, path, body } of QUESTIONS) {
    test(name, async () => {
      const sent = JSON.stringify({ ...body, stream: true });
      const { answer, forwarded, direct } = await pass(path, sent);
      expect(JSON.parse(forwarded)).toEqual({ ...body, stream: true, stream_options: { include_usage: true } });
      const kept = events(direct.body).filter((event) => !isUsageChunk(event));
      expect(answer.body).toBe(kept.join(''));
      expect(answer.body).not.toContain('"choices":[],');
    });
  }

  test('and the gateway knows the usage that it did not pass on', async () => {
    const id = 'usage-not-passed-on';
    const headers = { authorization: `Bearer ${KEY}`, 'x-correlation-id': id };
    const asked = { model: 'sim-1', ...HELLO };
    await (await gateway.request(CHAT, { method: 'POST', headers, body: JSON.stringify({ ...asked, stream: true }) })).text();
    const { usage } = JSON.parse((await post(simulator.url + CHAT, JSON.stringify(asked))).body) as { usage: Record<string, number> };
    expect(usage['completion_tokens']).toBeGreaterThan(0);
    expect(await accessLine(gateway, id)).toMatchObject({
      input_tokens: usage['prompt_tokens'],
      output_tokens: usage['completion_tokens'],
    });
  });

  test('and nothing is asked for, nor left out, where the provider would refuse it', async () => {
    const sent = JSON.stringify({ model: 'plain/sim-1', ...HELLO, stream: true });
    const { answer, forwarded, direct } = await pass(CHAT, sent);
    expect(forwarded).toBe(sent.replace('plain/', ''));
    expect(answer.body).toBe(direct.body);
  });
});

/** Bodies that a parser and a printer would change. */
const ODD_BODIES: { readonly name: string; readonly body: string }[] = [
  { name: 'spaces and line ends', body: '\r\n{ "model" :\t"sim-1" ,\n\n  "messages":[ {"role" : "user","content":"Hello" } ]  }\n ' },
  {
    name: 'numbers in other notations',
    body: '{"model":"sim-1","messages":[{"role":"user","content":"Hello"}],"temperature":1.0,"top_p":1E-1,"seed":12345678901234567890,"x":-0,"y":1.10}',
  },
  {
    name: 'unknown fields and the order of the fields',
    body: '{"zeta":{"b":1,"a":[null,true]},"messages":[{"content":"Hello","role":"user","cache_control":{"type":"ephemeral"}}],"model":"sim-1","2":1,"1":2}',
  },
  { name: 'escapes', body: String.raw`{"model":"sim-1","messages":[{"role":"user","content":"\u0048ello \/ \ud83d\ude00 \u00e9"}]}` },
  { name: 'text beyond ASCII', body: '{"model":"sim-1","messages":[{"role":"user","content":"Grüße, 世界 ☕"}],"user":"Zoë"}' },
  {
    name: 'nulls for what is left out',
    body: '{"model":"sim-1","messages":[{"role":"user","content":"Hello"}],"stream":null,"temperature":null,"tools":null,"stream_options":null}',
  },
  {
    name: 'a long prompt',
    body: JSON.stringify({ model: 'sim-1', messages: [{ role: 'user', content: `echo: ${'long prompt '.repeat(5_000)}` }] }),
  },
];

describe('a request reaches the upstream byte for byte, with', () => {
  for (const { name, body } of ODD_BODIES) {
    test(name, async () => {
      const { answer, forwarded, direct } = await pass(CHAT, body);
      expect(forwarded).toBe(body);
      expect(answer).toEqual(direct);
    });

    test(`${name}, and another model's name in the place of the one that was asked for`, async () => {
      const asked = body.replace('"sim-1"', '"house-model"');
      expect((await pass(CHAT, asked)).forwarded).toBe(body);
    });

    test(`${name}, but for the usage that a stream is asked for`, async () => {
      const asked = body
        .replace('"stream":null,', '')
        .replace(',"stream_options":null', '')
        .replace('"messages"', '"stream": true, "messages"');
      const { forwarded } = await pass(CHAT, asked);
      const added = forwarded.replace(/,"stream_options":\{"include_usage":true\}/, '');
      expect(added).toBe(asked);
      expect((JSON.parse(forwarded) as { stream_options: unknown }).stream_options).toEqual({ include_usage: true });
    });
  }

  test('options of a stream that are not ours, beside the usage', async () => {
    const body =
      '{"model":"sim-1", "stream":true,"messages":[{"role":"user","content":"Hello"}],"stream_options": {"include_obfuscation":false} ,"a":1.0}';
    const { forwarded } = await pass(CHAT, body);
    expect(forwarded).toBe(body.replace('{"include_obfuscation":false}', '{"include_obfuscation":false,"include_usage":true}'));
  });

  test('a model whose name is written with escapes', async () => {
    const body = String.raw`{"model":"house\u002dmodel","messages":[{"role":"user","content":"Hello"}]}`;
    expect((await pass(CHAT, body)).forwarded).toBe(body.replace(String.raw`house\u002dmodel`, 'sim-1'));
  });

  test('twenty thousand messages', async () => {
    const messages = Array.from({ length: 20_000 }, (_, index) => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: `message ${index}`,
    }));
    const { answer, forwarded } = await pass(CHAT, JSON.stringify({ model: 'sim-1', messages }));
    expect(answer.status).toBe(200);
    // The simulator keeps the beginning alone; that all of it came, the tokens show.
    expect(forwarded).toBe(JSON.stringify({ model: 'sim-1', messages }).slice(0, forwarded.length));
    const direct = await post(simulator.url + CHAT, JSON.stringify({ model: 'sim-1', messages }));
    expect(answer.body).toBe(direct.body);
  });
});

describe('an error for which the caller is at fault is the bytes of the upstream', () => {
  for (const fault of [
    'status=400',
    'status=404',
    'status=409',
    'status=413',
    'status=422',
    'status=400,body=html',
    'status=400,body=empty',
    'content-policy',
    'context-length',
  ]) {
    for (const stream of [false, true]) {
      test(`${fault}, ${stream ? 'streamed' : 'whole'}`, async () => {
        const body = JSON.stringify({
          model: `sim-1!${fault},key=${String(stream)}`,
          ...HELLO,
          ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
        });
        const { answer, direct } = await pass(CHAT, body);
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect([answer.status, answer.body]).toEqual([direct.status, direct.body]);
        if (direct.contentType !== null) expect(answer.contentType).toBe(direct.contentType);
      });
    }
  }
});

/* The simulated image API against the official client, and what it refuses. Pictures are looked at: they are what they are said to be. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI, { toFile } from 'openai';
import type { ImageEvent, ImageReply } from '../../src/simulate/openai-shapes.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
let client: OpenAI;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => simulator[Symbol.asyncDispose]());

/** Compiles only while our shapes are the vendor's, but for usage left out on purpose. */
const asVendor = {
  reply: (ours: ImageReply): OpenAI.ImagesResponse => ours,
  event: (ours: ImageEvent & { usage: NonNullable<ImageReply['usage']> }): OpenAI.ImageGenStreamEvent | OpenAI.ImageEditStreamEvent => ours,
};

const SMALL = '64x64';

async function looked(base64: string | undefined) {
  const { width, height, format } = await new Bun.Image(Buffer.from(base64 ?? '', 'base64')).metadata();
  return `${format} ${width}x${height}`;
}

async function drawn(prompt: string): Promise<Buffer> {
  const reply = await client.images.generate({ model: 'sim-1', prompt, size: SMALL });
  return Buffer.from(reply.data?.[0]?.b64_json ?? '', 'base64');
}

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const sent = body instanceof FormData || typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`${simulator.url}${path}`, { method: 'POST', body: sent, headers });
}

describe('generations', () => {
  test('are pictures that follow from the prompt, of the size asked for, with usage that adds up', async () => {
    const asked = { model: 'gpt-image-1.5', prompt: 'a cat', size: SMALL, n: 2 };
    const reply = await client.images.generate(asked);
    expect(reply).toMatchObject({
      created: expect.any(Number),
      size: SMALL,
      quality: 'medium',
      output_format: 'png',
      background: 'opaque',
    });
    expect(await Promise.all((reply.data ?? []).map((image) => looked(image.b64_json)))).toEqual(['png 64x64', 'png 64x64']);
    expect(reply.data?.[0]?.b64_json).not.toBe(reply.data?.[1]?.b64_json ?? '');
    expect(reply.usage?.total_tokens).toBe((reply.usage?.input_tokens ?? 0) + (reply.usage?.output_tokens ?? 0));
    expect(reply.usage).toMatchObject({ output_tokens: 2_112, input_tokens_details: { image_tokens: 0, text_tokens: 2 } });
    expect(await client.images.generate(asked)).toEqual(reply);
    expect((await client.images.generate({ ...asked, prompt: 'a dog' })).data).not.toEqual(reply.data);
    const raw = (await (await post('/v1/images/generations', asked)).json()) as ImageReply;
    expect(asVendor.reply(raw).data).toHaveLength(2);
  });

  test.each(['png', 'jpeg', 'webp'] as const)('come as %s', async (format) => {
    const reply = await client.images.generate({ model: 'sim-1', prompt: 'a cat', output_format: format });
    expect(await looked(reply.data?.[0]?.b64_json)).toBe(`${format} 1024x1024`);
    expect(reply.output_format).toBe(format);
  });

  test('of the older models come as addresses, and the picture is there', async () => {
    const reply = await client.images.generate({ model: 'dall-e-3', prompt: 'a cat', size: '256x256' });
    expect(reply.usage).toBeUndefined();
    expect(reply.data?.[0]?.revised_prompt).toBe('a cat');
    const found = await fetch(reply.data?.[0]?.url ?? '');
    expect(found.headers.get('content-type')).toBe('image/png');
    const bytes = Buffer.from(await found.arrayBuffer());
    expect(await looked(bytes.toString('base64'))).toBe('png 256x256');
    const asked = { model: 'dall-e-3', prompt: 'a cat', size: '256x256', response_format: 'b64_json' };
    const here = (await (await post('/v1/images/generations', asked)).json()) as ImageReply;
    expect(here.data[0]?.b64_json).toBe(bytes.toString('base64'));
    for (const path of ['x.png', `${'0'.repeat(32)}-9999x9999.png`, `${'0'.repeat(32)}-64x64.gif`, `${'0'.repeat(32)}-0x0.png`]) {
      expect((await fetch(`${simulator.url}/v1/images/content/${path}`)).status).toBe(404);
    }
  });

  test('stream pictures that become whole, and end with the one that the reply would have', async () => {
    const asked = { model: 'sim-1', prompt: 'a cat', size: SMALL, output_format: 'webp' } as const;
    const events = await Array.fromAsync(await client.images.generate({ ...asked, stream: true, partial_images: 2 }));
    expect(events.map((event) => event.type)).toEqual([
      'image_generation.partial_image',
      'image_generation.partial_image',
      'image_generation.completed',
    ]);
    expect(await Promise.all(events.map((event) => looked(event.b64_json)))).toEqual(Array.from({ length: 3 }, () => 'webp 64x64'));
    expect(events.map((event) => ('partial_image_index' in event ? event.partial_image_index : 'whole'))).toEqual([0, 1, 'whole']);
    const whole = await client.images.generate(asked);
    expect(events[2]).toMatchObject({ b64_json: whole.data?.[0]?.b64_json, usage: { total_tokens: whole.usage?.total_tokens } });
    const text = await (await post('/v1/images/generations', { ...asked, stream: true })).text();
    expect(text).toMatch(/^event: image_generation\.completed\ndata: \{.*\}\n\n$/);
    const event = JSON.parse(text.split('data: ')[1] ?? '') as ImageEvent & { usage: NonNullable<ImageReply['usage']> };
    expect(asVendor.event(event).size).toBe(SMALL);
  });
});

describe('edits and variations', () => {
  test('follow from the prompt and from every picture, which are paid for', async () => {
    const [cat, dog] = await Promise.all([drawn('a cat'), drawn('a dog')]);
    const edit = async (...images: Buffer[]) => {
      const image = await Promise.all(images.map((bytes, index) => toFile(bytes, `${index}.png`, { type: 'image/png' })));
      return client.images.edit({ model: 'sim-1', prompt: 'a hat', image, size: SMALL, n: 1 });
    };
    const [one, two, other] = await Promise.all([edit(cat), edit(cat, dog), edit(dog)]);
    expect(await looked(one.data?.[0]?.b64_json)).toBe('png 64x64');
    expect(new Set([one, two, other].map((reply) => reply.data?.[0]?.b64_json)).size).toBe(3);
    expect(two.usage?.input_tokens_details.image_tokens).toBe(2 * (one.usage?.input_tokens_details.image_tokens ?? 0));
    const record = (await simulator.requests('/v1/images/edits')).find(({ body }) => body.includes('1.png'));
    expect(JSON.parse(record?.body ?? '')).toMatchObject({
      prompt: 'a hat',
      n: 1,
      image: [{ filename: '0.png', type: 'image/png', bytes: cat.length }, { filename: '1.png' }],
    });
  });

  test('stream, and come as JSON that names the pictures too', async () => {
    const image = await toFile(await drawn('a cat'), 'cat.png', { type: 'image/png' });
    const events = await Array.fromAsync(
      await client.images.edit({ model: 'sim-1', prompt: 'a hat', image, size: SMALL, stream: true, partial_images: 1 }),
    );
    expect(events.map((event) => event.type)).toEqual(['image_edit.partial_image', 'image_edit.completed']);
    const asked = { model: 'sim-1', prompt: 'a hat', size: SMALL, images: [{ file_id: 'file-1' }] };
    const reply = await post('/v1/images/edits', asked, { 'content-type': 'application/json' });
    expect(await looked(((await reply.json()) as ImageReply).data[0]?.b64_json)).toBe('png 64x64');
  });

  test('vary one picture', async () => {
    // The client calls this deprecated: the models that do it are the older ones.
    const body = new FormData();
    for (const [name, value] of Object.entries({ n: '2', size: '256x256', response_format: 'b64_json' })) body.append(name, value);
    body.append('image', new File([new Uint8Array(await drawn('a cat'))], 'cat.png', { type: 'image/png' }));
    const { data } = (await (await post('/v1/images/variations', body)).json()) as ImageReply;
    expect(await Promise.all(data.map((varied) => looked(varied.b64_json)))).toEqual(['png 256x256', 'png 256x256']);
  });
});

describe('a request for pictures is refused', () => {
  const rows: [name: string, body: object, message: RegExp, param: string][] = [
    ['without a prompt', {}, /Missing required parameter: 'prompt'/, 'prompt'],
    ['with a prompt that is no text', { prompt: 1 }, /expected a string/, 'prompt'],
    ['with a prompt that is too long', { prompt: 'x'.repeat(32_001) }, /maximum length 32000/, 'prompt'],
    ['for too many', { prompt: 'a', n: 11 }, /<= 10/, 'n'],
    ['for none', { prompt: 'a', n: 0 }, /below minimum/, 'n'],
    ['for half of one', { prompt: 'a', n: 1.5 }, /expected an integer/, 'n'],
    ['of a size that is none', { prompt: 'a', size: '10x10' }, /Invalid value: '10x10'/, 'size'],
    ['of a size beyond all', { prompt: 'a', size: '99999x99999' }, /Invalid value/, 'size'],
    ['in a format that is none', { prompt: 'a', output_format: 'bmp' }, /'png', 'jpeg', 'webp'/, 'output_format'],
    ['with more steps than there are', { prompt: 'a', stream: true, partial_images: 4 }, /<= 3/, 'partial_images'],
    ['with a parameter of the older models', { prompt: 'a', response_format: 'url' }, /Unknown parameter/, 'response_format'],
    ['of a model that is no name', { prompt: 'a', model: {} }, /expected a string/, 'model'],
  ];
  test.each(rows)('%s', async (_, body, message, param) => {
    const reply = await post('/v1/images/generations', { model: 'gpt-image-1.5', ...body });
    expect(reply.status).toBe(400);
    const { error } = (await reply.json()) as { error: { message: string; param: string; type: string } };
    expect(error).toMatchObject({ param, type: 'invalid_request_error' });
    expect(error.message).toMatch(message);
  });

  const form = (fields: Record<string, string | Blob>): FormData => {
    const made = new FormData();
    for (const [name, value] of Object.entries(fields)) made.append(name, value);
    return made;
  };
  const forms: [name: string, body: () => unknown, headers: Record<string, string>, status: number, message: RegExp][] = [
    ['without a picture', () => form({ prompt: 'a' }), {}, 400, /'image'/],
    ['with a picture that is none', () => form({ prompt: 'a', image: new File(['no'], 'a.png') }), {}, 400, /Invalid image file/],
    ['with a field that is a trap', () => form({ '__proto__[x]': 'a', image: new File(['no'], 'a.png') }), {}, 400, /Unknown parameter/],
    ['that is no form', () => 'prompt=a', { 'content-type': 'application/x-www-form-urlencoded' }, 415, /expected multipart/],
    ['without a boundary', () => 'x', { 'content-type': 'multipart/form-data' }, 400, /no boundary/],
    [
      'that was cut',
      () => '--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na',
      { 'content-type': 'multipart/form-data; boundary=b' },
      400,
      /Could not parse/,
    ],
    [
      'with a part that has no name',
      () => '--b\r\nContent-Type: text/plain\r\n\r\na\r\n--b--',
      { 'content-type': 'multipart/form-data; boundary=b' },
      400,
      /no name/,
    ],
    [
      'with too many parts',
      () => form(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, 'a']))),
      {},
      400,
      /Could not parse/,
    ],
    ['with a field that is too long', () => form({ prompt: 'a'.repeat(1_100_000) }), {}, 400, /too long/],
  ];
  test.each(forms)('%s', async (...[, body, headers, status, message]) => {
    const reply = await post('/v1/images/edits', body(), headers);
    expect(reply.status).toBe(status);
    expect(((await reply.json()) as { error: { message: string } }).error.message).toMatch(message);
  });

  test('by its safety system', async () => {
    const refused = await rejection(client.images.generate({ model: 'sim-1!refusal', prompt: 'a' }));
    expect(refused).toMatchObject({ status: 400, code: 'moderation_blocked', type: 'image_generation_user_error' });
  });
});

test('faults are done to pictures as to everything else', async () => {
  const ask = (model: string, stream: boolean) => {
    const body = JSON.stringify({ model, prompt: 'a', size: SMALL, stream, partial_images: 3 });
    return rawExchange(simulator.url, [rawRequest({ target: '/v1/images/generations', body })], { timeoutMs: 500 });
  };
  expect(await ask('sim-1!status=429,retry-after=1', false)).toMatchObject({ status: 429 });
  expect(await ask('sim-1!cut-after=0', false)).toMatchObject({ complete: false });
  const stalled = await ask('sim-1!stall-after=1', true);
  expect(stalled.body.match(/^event: /gm)).toHaveLength(1);
  expect(stalled).toMatchObject({ complete: false, connection: 'open' });
  expect((await ask('sim-1!no-done', true)).body).not.toContain('image_generation.completed');
  expect((await ask('sim-1!no-usage', true)).body).not.toContain('usage');
  const stream = await client.images.generate({ model: 'sim-1!error-after=1', prompt: 'a', size: SMALL, stream: true, partial_images: 3 });
  expect(await rejection(Array.fromAsync(stream))).toBeInstanceOf(OpenAI.APIError);
});

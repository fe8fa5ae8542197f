/* Pictures, sound and moderation: the official client against the real process, with simulated model servers behind it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import OpenAI, { toFile } from 'openai';
import { accessLine } from '../harness/access-log.ts';
import { KEY, type MediaRig, startMediaRig } from './media-rig.ts';

let rig: MediaRig;
beforeAll(async () => {
  rig = await startMediaRig({ cache: { routes: [{ match: '/v1/moderations' }, { match: '/v1/audio/*', any: true }] } });
});
afterAll(() => rig?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await Promise.all([rig.first.reset(), rig.second.reset()]);
});

const direct = () => new OpenAI({ apiKey: 'none', baseURL: `${rig.first.url}/v1`, maxRetries: 0 });
const GIF = Buffer.from('GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;', 'latin1');
const recording = () => toFile(Buffer.concat([Buffer.from('RIFF'), Buffer.alloc(200_000, 7)]), 'gate.wav', { type: 'audio/wav' });

async function eventsOf<Event>(stream: AsyncIterable<Event>): Promise<Event[]> {
  return Array.fromAsync(stream);
}

describe('pictures', () => {
  test('are made as the model server makes them, whole, with usage in the log', async () => {
    const asked = { model: 'sim-1', prompt: 'A gatehouse', n: 2, size: '1024x1024' } as const;
    const { data, response } = await rig.client.images.generate(asked).withResponse();
    const own = await direct().images.generate(asked);
    expect(data).toEqual(own);
    expect(data.data).toHaveLength(2);
    expect(response.headers.get('x-gatehouse-provider')).toBe('first');
    expect(response.headers.get('x-gatehouse-model')).toBe('sim-1');
    expect(response.headers.get('x-gatehouse-attempts')).toBe('1');
    const line = await accessLine(rig.gateway, response.headers.get('x-correlation-id') ?? '');
    expect([line['input_tokens'], line['output_tokens']]).toEqual([own.usage?.input_tokens, own.usage?.output_tokens]);
  });

  test('come in the making, to the last of several', async () => {
    const asked = { model: 'sim-1', prompt: 'A gatehouse', n: 2, stream: true, partial_images: 2 } as const;
    const { data, response } = await rig.client.images.generate(asked).withResponse();
    const events = await eventsOf(data);
    expect(events).toEqual(await eventsOf(await direct().images.generate(asked)));
    expect(events.filter(({ type }) => type === 'image_generation.completed')).toHaveLength(2);
    const line = await accessLine(rig.gateway, response.headers.get('x-correlation-id') ?? '');
    expect(line['outcome']).toBe('complete');
    expect(Number(line['output_tokens'])).toBeGreaterThan(0);
  });

  test('are changed and varied from forms, whole and streamed', async () => {
    const image = await toFile(GIF, 'dot.gif', { type: 'image/gif' });
    const asked = { model: 'sim-1', prompt: 'Add a moat', image: [image, image] };
    expect(await rig.client.images.edit(asked)).toEqual(await direct().images.edit(asked));
    const events = await eventsOf(await rig.client.images.edit({ ...asked, stream: true }));
    expect(events.at(-1)?.type).toBe('image_edit.completed');
    const varied = { model: 'sim-1', image };
    // oxlint-disable-next-line typescript/no-deprecated -- it is still served
    const variation = (client: OpenAI) => client.images.createVariation(varied);
    expect(await variation(rig.client)).toEqual(await variation(direct()));
  });

  test('that need another name for the model get it, and one where none was said', async () => {
    const image = await toFile(GIF, 'dot.gif', { type: 'image/gif' });
    const whole = await rig.client.images.edit({ model: 'first/sim-3', prompt: 'x', image });
    expect(whole.data).toHaveLength(1);
    const reply = await fetch(`${rig.gateway.url}/v1/images/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: '{"prompt":"x"}',
    });
    expect(reply.status).toBe(404);
    expect(await reply.json()).toMatchObject({ error: { code: 'model_not_found', message: expect.stringContaining("'dall-e-2'") } });
  });

  test("that the vendor's safety refuses are refused in its own words", async () => {
    const asked = { model: 'first/sim-1!refusal', prompt: 'x' };
    const [told, own] = await Promise.all([
      rig.client.images.generate(asked).catch((error: unknown) => error),
      direct()
        .images.generate({ ...asked, model: 'sim-1!refusal' })
        .catch((error: unknown) => error),
    ]);
    if (!(told instanceof OpenAI.APIError) || !(own instanceof OpenAI.APIError)) throw new Error('it was not refused');
    expect([told.status, told.error]).toEqual([own.status, own.error]);
  });
});

describe('speech', () => {
  const asked = { model: 'sim-1', voice: 'alloy', input: 'Who goes there at this hour of the night?' } as const;

  test('is the same file, and says how long it is where that is known', async () => {
    for (const response_format of ['wav', 'mp3', 'pcm'] as const) {
      const [ours, theirs] = await Promise.all([
        rig.client.audio.speech.create({ ...asked, response_format }),
        direct().audio.speech.create({ ...asked, response_format }),
      ]);
      expect(ours.headers.get('content-type')).toBe(theirs.headers.get('content-type'));
      expect(ours.headers.get('content-length')).toBe(theirs.headers.get('content-length'));
      expect(Buffer.from(await ours.arrayBuffer()).equals(Buffer.from(await theirs.arrayBuffer()))).toBe(true);
    }
  });

  test('comes as events where they are asked for', async () => {
    const stream = async (client: OpenAI) => (await client.audio.speech.create({ ...asked, stream_format: 'sse' })).text();
    const ours = await stream(rig.client);
    expect(ours).toBe(await stream(direct()));
    expect(ours).toContain('speech.audio.done');
  });

  test('that is cut is cut for the caller, too, and never a shorter file', async () => {
    const reply = await rig.client.audio.speech.create({ ...asked, model: 'first/sim-1!cut-after=2' });
    expect(reply.arrayBuffer()).rejects.toBeDefined();
  });
});

describe('recordings', () => {
  test('are written down as JSON, in detail, as text and as subtitles', async () => {
    const own = direct();
    for (const response_format of ['json', 'verbose_json', 'text', 'srt', 'vtt'] as const) {
      const file = await recording();
      // oxlint-disable-next-line typescript/no-deprecated -- of its overloads it is the one for a format that is chosen at run time
      const heard = (client: OpenAI): Promise<unknown> => client.audio.transcriptions.create({ model: 'sim-1', file, response_format });
      expect(await heard(rig.client)).toEqual(await heard(own));
    }
    const translated = await rig.client.audio.translations.create({ model: 'sim-1', file: await recording() });
    expect(translated).toEqual(await own.audio.translations.create({ model: 'sim-1', file: await recording() }));
  });

  test('are paid by tokens or by time, and never answered from the cache', async () => {
    const { response } = await rig.client.audio.transcriptions.create({ model: 'sim-1', file: await recording() }).withResponse();
    const line = await accessLine(rig.gateway, response.headers.get('x-correlation-id') ?? '');
    expect(Number(line['input_tokens'])).toBeGreaterThan(0);
    expect(response.headers.get('x-cache')).toBeNull();
    const timed = await rig.client.audio.transcriptions.create({ model: 'whisper', file: await recording() });
    expect(timed.usage).toMatchObject({ type: 'duration' });
  });

  test('are streamed as they are understood', async () => {
    const asked = { model: 'sim-1', stream: true } as const;
    const events = await eventsOf(await rig.client.audio.transcriptions.create({ ...asked, file: await recording() }));
    expect(events).toEqual(await eventsOf(await direct().audio.transcriptions.create({ ...asked, file: await recording() })));
    expect(events.at(-1)?.type).toBe('transcript.text.done');
  });

  test('of a model that streams nothing come whole, as the vendor has it', async () => {
    rig.sink.answer = () => Response.json({ text: 'heard' });
    const reply = await rig.client.audio.transcriptions.create({ model: 'kept', file: await recording(), stream: true }).asResponse();
    expect(await reply.json()).toEqual({ text: 'heard' });
  });
});

test('moderation says what the model says, once for the same question', async () => {
  const asked = { model: 'sim-1', input: ['I will storm the gate and kill them', 'hello'] };
  const { data, response } = await rig.client.moderations.create(asked).withResponse();
  expect(response.headers.get('x-cache')).toBe('MISS');
  expect(data.results).toHaveLength(2);
  const again = await rig.client.moderations.create(asked).withResponse();
  expect(again.response.headers.get('x-cache')).toBe('HIT');
  expect(again.data).toEqual(data);
});

describe('faults', () => {
  const ways: Record<string, () => Promise<{ response: Response }>> = {
    'a picture': () => rig.client.images.generate({ model: 'both', prompt: 'x' }).withResponse(),
    'a picture in the making': () => rig.client.images.generate({ model: 'both', prompt: 'x', stream: true }).withResponse(),
    speech: () => rig.client.audio.speech.create({ model: 'both', voice: 'alloy', input: crypto.randomUUID() }).withResponse(),
    'a recording': async () => rig.client.audio.transcriptions.create({ model: 'both', file: await recording() }).withResponse(),
    moderation: () => rig.client.moderations.create({ model: 'both', input: crypto.randomUUID() }).withResponse(),
  };
  for (const [name, ask] of Object.entries(ways)) {
    for (const fault of ['status=500', 'status=401', 'reset', 'cut-after=0']) {
      test(`${name} is asked of the second target when the first one fails (${fault})`, async () => {
        await rig.first.fault(fault);
        const { response } = await ask();
        expect(response.status).toBe(200);
        expect(response.headers.get('x-gatehouse-provider')).toBe('second');
        expect(response.headers.get('x-gatehouse-model')).toBe(name === 'moderation' ? response.headers.get('x-gatehouse-model') : 'sim-2');
      });
    }
  }

  test('all at once are told in the shape of the API', async () => {
    await Promise.all([rig.first.fault('status=503'), rig.second.fault('status=503')]);
    const error: unknown = await rig.client.audio.transcriptions
      .create({ model: 'both', file: await recording() })
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
  });

  test('a stream that is cut ends in an error', async () => {
    const stream = await rig.client.audio.transcriptions.create({
      model: 'first/sim-1!cut-after=2',
      file: await recording(),
      stream: true,
    });
    expect(eventsOf(stream)).rejects.toBeInstanceOf(OpenAI.APIError);
  });

  test('a model without such a target is none, in words', async () => {
    const error: unknown = await rig.client.images.generate({ model: 'mute', prompt: 'x' }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', message: expect.stringContaining('this kind of request') });
  });
});

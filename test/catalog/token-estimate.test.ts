/* How far the estimates are from a real tokenizer (o200k_base), and from what vendors publish. */
import { describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { getEncoding } from 'js-tiktoken';
import { type CountedPart, estimateChatTokens } from '../../src/catalog/chat-tokens.ts';
import { imageSize } from '../../src/catalog/image-size.ts';
import { imageTokens, mediaTokens } from '../../src/catalog/media-tokens.ts';
import { estimateTextTokens } from '../../src/catalog/text-tokens.ts';

const ROOT = join(import.meta.dir, '../..');
const encoding = getEncoding('o200k_base');
const count = (text: string): number => encoding.encode(text, 'all').length;
const estimate = (text: string): number => estimateTextTokens([text]);
const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');
const off = (text: string): number => estimate(text) / count(text) - 1;

const openapi = await read('docs/reference/openapi.json');
/** None of these was among the texts that the weights were fitted to, but German and Chinese: there is no other. */
const TEXTS: Readonly<Record<string, string>> = {
  'English prose': (await read('test/screening/honest-prose.txt')).slice(0, 60_000),
  'English, with tables and names': await read('README.md'),
  German: await read('test/catalog/texts/german.txt'),
  Chinese: await read('test/catalog/texts/chinese.txt'),
  'source in several languages': (await read('test/screening/honest-code.txt')).slice(0, 60_000),
  TypeScript: await read('test/tidy/source-rules.ts'),
  'indented JSON': openapi.slice(0, 60_000),
  'JSON in one line': JSON.stringify(JSON.parse(openapi)).slice(0, 60_000),
  YAML: await read('gatehouse.example.yaml'),
};

describe('the estimate of', () => {
  for (const [name, text] of Object.entries(TEXTS)) {
    test(`${name} is within 12 %, and of any 600 characters of it within 35 %`, () => {
      expect(Math.abs(off(text))).toBeLessThan(0.12);
      for (let at = 0; at + 600 <= Math.min(text.length, 30_000); at += 600)
        expect(Math.abs(off(text.slice(at, at + 600)))).toBeLessThan(0.35);
    });
  }

  for (const [name, text] of [
    [
      'French',
      "La vieille porte se dresse depuis plus de quatre siècles à l'est de la ville, là où la route marchande atteint la rivière.",
    ],
    ['Russian', 'Старые ворота стоят на восточной окраине города уже более четырёхсот лет. Кто хотел войти, должен был назвать имя.'],
    ['Japanese', 'この門楼は四百年以上前から町の東の端に立っています。商人の道が川に出会う場所です。'],
    ['Korean', '이 문루는 사백 년이 넘도록 도시의 동쪽 끝에 서 있었다. 상인들의 길이 강과 만나는 곳이다.'],
    ['Arabic', 'يقف هذا البيت القديم منذ أكثر من أربعمئة عام على الطرف الشرقي من المدينة'],
    ['Hindi', 'यह पुराना द्वार चार सौ वर्षों से अधिक समय से नगर के पूर्वी छोर पर खड़ा है।'],
    ['emoji', '😀 great 🎉🎉 thanks 👍🏽'],
    ['base64', Buffer.from(Array.from({ length: 900 }, (_, at) => (at * 7_919 + at * at * 31) % 256)).toString('base64')],
    ['rows of the same', `${'='.repeat(80)}\n${' '.repeat(80)}x\n${'-'.repeat(80)}`],
  ] as const) {
    test(`a little ${name} is within 40 %`, () => expect(Math.abs(off(text))).toBeLessThan(0.4));
  }

  test('a text too long to be read in full is near that of its parts', () => {
    const prose = TEXTS['English prose'] ?? '';
    const long = `${prose}${openapi}`.repeat(20);
    const exact = (estimate(prose) + estimate(openapi)) * 20;
    expect(Math.abs(estimate(long) / exact - 1)).toBeLessThan(0.05);
    // Several texts have one bound together.
    expect(Math.abs(estimateTextTokens([long, long, 'x']) / (2 * exact) - 1)).toBeLessThan(0.05);
  });

  test('nothing is 0, and anything is a whole number between 1 and twice its length', () => {
    expect(estimate('')).toBe(0);
    expect(estimate(' ')).toBe(1);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 500 }), (text) => {
        const tokens = estimate(text);
        expect(Number.isSafeInteger(tokens) && tokens >= 1 && tokens <= 2 * text.length).toBe(true);
      }),
    );
    expect(estimate('\ud800'.repeat(500_000))).toBeGreaterThan(1);
  });
});

describe('an image is as many tokens as its vendor says', () => {
  for (const { counting, width, height, detail, want, from } of [
    { counting: 'tiles', width: 1_024, height: 1_024, want: 765, from: "OpenAI's own example" },
    { counting: 'tiles', width: 2_048, height: 4_096, want: 1_105, from: "OpenAI's own example" },
    { counting: 'tiles', width: 4_096, height: 8_192, detail: 'low', want: 85, from: "OpenAI's own example" },
    { counting: 'tiles', width: 512, height: 512, want: 255, from: 'one tile' },
    { counting: 'tiles', width: 1, height: 20_000, want: 765, from: 'a line' },
    { counting: 'area', width: 200, height: 200, want: 54, from: "Anthropic's table" },
    { counting: 'area', width: 1_000, height: 1_000, want: 1_334, from: "Anthropic's table" },
    { counting: 'area', width: 20_000, height: 20_000, want: 1_600, from: 'the bound' },
    { counting: 'squares', width: 384, height: 384, want: 258, from: 'a small one' },
    { counting: 'squares', width: 960, height: 540, want: 1_548, from: "Google's own example" },
    { counting: 'squares', width: 4_000_000_000, height: 300, want: 66_048, from: 'the bound' },
    { counting: undefined, width: 10, height: 10, want: 1_000, from: 'nobody' },
  ] as const) {
    test(`${counting ?? 'no rule'}: ${width} × ${height} (${from})`, () => {
      expect(imageTokens(counting, { width, height }, detail)).toBe(want);
    });
  }
});

const bytes = (latin1: string): Uint8Array => new Uint8Array(Buffer.from(latin1, 'latin1'));
const PNG = bytes('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x03\0\x08\x06\0\0\0');
const JPEG = bytes(`\xff\xd8\xff\xe0\0\x10JFIF${'\0'.repeat(10)}\xff\xff\xdb\0\x04..\xff\xc2\0\x11\x08\x03\0\x04\0\x03`);

describe('the size of an image', () => {
  for (const [name, head] of [
    ['PNG', PNG],
    ['JPEG', JPEG],
    ['GIF', bytes('GIF89a\0\x04\0\x03\xf7\0\0')],
    ['WebP, lossy', bytes('RIFF....WEBPVP8 ....\x30\x01\0\x9d\x01\x2a\0\x04\0\x03')],
    ['WebP, lossless', bytes('RIFF....WEBPVP8L....\x2f\xff\xc3\xbf\0\0\0\0\0')],
    ['WebP, extended', bytes('RIFF....WEBPVP8X....\0\0\0\0\xff\x03\0\xff\x02\0')],
  ] as const) {
    test(`is read from ${name}`, () => expect(imageSize(head)).toEqual({ width: 1_024, height: 768 }));
    test(`is not read from ${name} that is cut short`, () => {
      for (let length = 0; length < head.length; length += 1) {
        const size = imageSize(head.subarray(0, length));
        expect(size === undefined || (size.width === 1_024 && size.height === 768)).toBe(true);
      }
    });
  }
  test('is not read from what is no image, and nothing is thrown', () => {
    for (const head of [PNG, JPEG, bytes('RIFF....WEBPVP8X')]) {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(30), (noise, at) => {
          const broken = new Uint8Array([...head.subarray(0, at), ...noise]);
          const size = imageSize(broken);
          expect(size === undefined || (size.width > 0 && size.height > 0)).toBe(true);
        }),
      );
    }
    expect(imageSize(bytes('<svg width="10" height="10"></svg>'))).toBeUndefined();
    expect(imageSize(bytes(`\xff\xd8\xff${'\xff'.repeat(1_000)}`))).toBeUndefined();
  });
});

describe('a chat', () => {
  const data = (media: string, content: Uint8Array) => ({ kind: 'data', media, base64: Buffer.from(content).toString('base64') }) as const;
  const chat = (...parts: CountedPart[]) => estimateChatTokens({ messages: [{ parts }] }, 'tiles');
  const empty = chat();

  test('of text is near what OpenAI counts: the text, and a few tokens a message', () => {
    const text = 'You are a helpful assistant.';
    const counted = estimateChatTokens({
      messages: [{ parts: [{ kind: 'text', text }] }, { name: 'ann', parts: [{ kind: 'text', text: 'Hi!' }] }],
    });
    expect(Math.abs(counted - (count(text) + count('Hi!') + 3 + 3 + 1 + 1 + 3))).toBeLessThanOrEqual(3);
    expect(empty).toBe(6);
  });
  test('has its images counted by their size, and by a middling one where it is unknown', () => {
    expect(chat({ kind: 'image', source: data('image/png', PNG) }) - empty).toBe(imageTokens('tiles', { width: 1_024, height: 768 }));
    expect(chat({ kind: 'image', source: { kind: 'url' }, detail: 'low' }) - empty).toBe(85);
    expect(chat({ kind: 'image', source: data('image/png', bytes('no image')) }) - empty).toBe(765);
  });
  test('has sound counted by its length', () => {
    const wave = new Uint8Array(44 + 32_000 * 10);
    wave.set(bytes('RIFF....WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0'));
    expect(chat({ kind: 'audio', source: data('audio/wav', wave) }) - empty).toBe(321);
    expect(mediaTokens({ kind: 'audio', bytes: 160_000 }, undefined)).toBe(320);
    for (const kind of ['audio', 'video', 'file'] as const) expect(chat({ kind, source: { kind: 'id' } })).toBeGreaterThan(500);
  });
  test('has documents of text counted as text', () => {
    const text = TEXTS['German'] ?? '';
    expect(chat({ kind: 'file', source: data('text/plain', Buffer.from(text)) }) - empty).toBe(estimate(text));
    expect(chat({ kind: 'file', source: data('application/pdf', new Uint8Array(50_000)) }) - empty).toBe(2_000);
  });
  test('has tools, calls and their results counted', () => {
    const schema = { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } };
    const tools = estimateChatTokens({ messages: [], tools: [schema] });
    expect(tools - count(JSON.stringify(schema))).toBeLessThan(20);
    expect(chat({ kind: 'tool-call', name: 'weather', arguments: '{"city":"Ulm"}' })).toBeGreaterThan(empty + 10);
    expect(chat({ kind: 'tool-result', parts: [{ kind: 'text', text: 'rain' }] })).toBe(empty + 1);
    expect(chat({ kind: 'native', value: { a: 'rain' } })).toBeGreaterThan(empty + 3);
    let nested: CountedPart = { kind: 'text', text: 'deep' };
    for (let depth = 0; depth < 5_000; depth += 1) nested = { kind: 'tool-result', parts: [nested] };
    expect(chat(nested)).toBe(empty);
  });
});

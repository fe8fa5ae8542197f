/* The parts that chats are made of, and what they are made of in turn: as hostile as the laws in chat.ts let them be. */
import fc, { type Arbitrary } from 'fast-check';
import type { ChatPart, MediaSource, Signature, ToolCallPart } from '../../src/operations/chat.ts';

export interface ArbitraryChatConfig {
  /** Dialect whose own signatures, uploads and native parts occur beside foreign ones. */
  readonly dialect: string;
  /** Arguments of tool calls: any text, or always an object; for dialects that have no place for broken ones. */
  readonly callArguments?: 'text' | 'object';
  /** Native parts and tools as they stand in the dialect, to be found again. Default: none but foreign ones. */
  readonly nativeParts?: Arbitrary<unknown>;
  readonly nativeTools?: Arbitrary<{ readonly name: string; readonly value: unknown }>;
}

export const FOREIGN = 'nobody-speaks-this';

/** Never empty. */
export const someText: Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 24 }),
  fc.lorem({ maxCount: 6 }),
  fc.constantFrom(
    '"',
    '\\',
    '\n',
    '\r\n',
    '\u2028',
    '\u{1f468}\u200d\u{1f469}',
    'data: [DONE]\n\n',
    '{"error":"no"}',
    '</s>',
    ' ',
    '\ufeff',
    'null',
    '0',
  ),
);

export const identifier = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,20}$/);
const base64 = (magic: readonly number[]): Arbitrary<string> =>
  fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.concat([Buffer.from(magic), bytes]).toString('base64'));

/** Data begin as their media type does, for dialects that tell it by that alone. */
const IMAGES: readonly (readonly [string, readonly number[]])[] = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['image/jpeg', [0xff, 0xd8, 0xff, 0xe0]],
  ['image/gif', [0x47, 0x49, 0x46, 0x38, 0x39, 0x61]],
  ['image/webp', [0x52, 0x49, 0x46, 0x46, 0, 0, 0, 0, 0x57, 0x45, 0x42, 0x50]],
];

const dataOf = (kinds: readonly (readonly [string, readonly number[]])[]): Arbitrary<MediaSource> =>
  fc.oneof(...kinds.map(([media, magic]) => base64(magic).map((text): MediaSource => ({ kind: 'data', media, base64: text }))));

export const url: Arbitrary<MediaSource> = fc.webUrl({ withQueryParameters: true }).map((text) => ({ kind: 'url', url: text }));
const upload = (dialect: string): Arbitrary<MediaSource> =>
  fc.tuple(identifier, fc.constantFrom(dialect, FOREIGN)).map(([id, whose]) => ({ kind: 'id', id: `file-${id}`, dialect: whose }));

export const imageData = dataOf(IMAGES);
const fileData = dataOf([
  ['application/pdf', [...Buffer.from('%PDF-1.7\n')]],
  ['text/plain', [...Buffer.from('plain ')]],
]);
const audioData = dataOf([
  ['audio/wav', [...Buffer.from('RIFF\0\0\0\0WAVE')]],
  ['audio/mpeg', [0xff, 0xfb, 0x90, 0x00]],
]);
const videoData = dataOf([['video/mp4', [0, 0, 0, 0x18, ...Buffer.from('ftypmp42')]]]);

const signature = (dialect: string): Arbitrary<Signature> =>
  fc.record({ dialect: fc.constantFrom(dialect, FOREIGN), value: base64([1, 2, 3]) });

export const cacheMark = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constantFrom({ cache: {} }, { cache: { ttl: '1h' } }) },
);

const jsonObject = fc.dictionary(identifier, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });

/** As a model writes them: whole, broken, or none. */
function callArguments(kind: ArbitraryChatConfig['callArguments']): Arbitrary<string> {
  const whole = jsonObject.map((value) => JSON.stringify(value));
  if (kind === 'object') return whole;
  return fc.oneof(
    { weight: 4, arbitrary: whole },
    { weight: 1, arbitrary: jsonObject.map((value) => JSON.stringify(value, null, 2)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', '{', '{"a":', 'null', '[1]', '"text"', '{"a":1}{"a":2}', '{"big":12345678901234567890,"n":1.0}'),
    },
  );
}

/** Optional fields: each is there in half of all cases. */
export function maybe<Fields extends Record<string, unknown>>(
  fields: { [Key in keyof Fields]: Arbitrary<Fields[Key]> },
): Arbitrary<Partial<Fields>> {
  return fc.record(fields, { requiredKeys: [] }) as Arbitrary<Partial<Fields>>;
}

export function inputPart({ dialect, nativeParts }: ArbitraryChatConfig): Arbitrary<ChatPart> {
  const text = fc.tuple(someText, cacheMark).map(([words, mark]): ChatPart => ({ kind: 'text', text: words, ...mark }));
  const image = fc
    .tuple(fc.oneof(imageData, url, upload(dialect)), maybe({ detail: fc.constantFrom('low', 'high', 'auto') }), cacheMark)
    .map(([source, more, mark]): ChatPart => ({ kind: 'image', source, ...more, ...mark }));
  const file = fc
    .tuple(
      fc.oneof(fileData, url, upload(dialect)),
      maybe({ name: fc.constantFrom('a.pdf', 'Zoë 1.txt'), context: someText, citable: fc.boolean() }),
      cacheMark,
    )
    .map(([source, more, mark]): ChatPart => ({ kind: 'file', source, ...more, ...mark }));
  const audio = fc.oneof(audioData, url).map((source): ChatPart => ({ kind: 'audio', source }));
  const video = fc.oneof(videoData, url).map((source): ChatPart => ({ kind: 'video', source }));
  return fc.oneof(
    { weight: 5, arbitrary: text },
    { weight: 2, arbitrary: image },
    { weight: 1, arbitrary: file },
    { weight: 1, arbitrary: audio },
    { weight: 1, arbitrary: video },
    { weight: 1, arbitrary: fc.jsonValue().map((value): ChatPart => ({ kind: 'native', dialect: FOREIGN, value })) },
    ...(nativeParts === undefined
      ? []
      : [{ weight: 2, arbitrary: nativeParts.map((value): ChatPart => ({ kind: 'native', dialect, value })) }]),
  );
}

export function thought(dialect: string): Arbitrary<ChatPart> {
  const open = fc
    .tuple(someText, maybe({ signature: signature(dialect) }))
    .map(([text, more]): ChatPart => ({ kind: 'reasoning', text, ...more }));
  const sealed = signature(dialect).map((whole): ChatPart => ({ kind: 'reasoning', text: '', signature: whole, sealed: true }));
  return fc.oneof({ weight: 3, arbitrary: open }, { weight: 1, arbitrary: sealed });
}

/** Without its id: ids are given when all calls are there, so that none occurs twice. */
export function toolCall(config: ArbitraryChatConfig): Arbitrary<ToolCallPart> {
  const plain = fc
    .tuple(identifier, callArguments(config.callArguments), maybe({ signature: signature(config.dialect) }), cacheMark)
    .map(([name, text, more, mark]): ToolCallPart => ({ kind: 'tool-call', id: '', name, arguments: text, ...more, ...mark }));
  const custom = fc
    .tuple(identifier, someText)
    .map(([name, text]): ToolCallPart => ({ kind: 'tool-call', id: '', name, arguments: text, custom: true }));
  return fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: custom });
}

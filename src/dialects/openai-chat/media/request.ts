/*
 * Requests of the OpenAI API that are neither chats nor vectors: pictures, sound, moderation, realtime. As JSON, as forms, or in the query; only what routing
 * and metering must know is read of them.
 * Source: platform.openai.com/docs/api-reference (images, audio, moderations, realtime).
 */

import { type JsonScan, memberBoolean, memberNumber, memberString } from '../../../base/json-scan.ts';
import { editMembers } from '../../../base/json-splice.ts';
import type { Operation, OperationKind, PassedKind } from '../../../operations/operation.ts';
import { plainBody, splicedBody, type Upload } from '../../../operations/upload.ts';
import type { DecodeHints } from '../../dialect.ts';
import { scanBody } from '../../dialect-body.ts';
import { type DialectForms, FormFields, type ReceivedForm } from '../../dialect-form.ts';
import { ofOperation } from '../../dialect-operations.ts';
import { checkModel, createFieldCheck, type FieldRule, invalid } from '../../dialect-request.ts';

const DIALECT = 'openai-chat';

interface Rules {
  readonly path: string;
  /** What the API takes for a body that names no model; absent where it refuses it. Routing takes it at its word: no chat's model stands in for it. */
  readonly modelDefault?: string;
  /** Fields that must be there, as JSON has them. */
  readonly fields?: readonly FieldRule[];
  /** The file that a form must hold. */
  readonly file?: 'file' | 'image';
  /** Whether it can be streamed by `stream: true`. */
  readonly streams?: true;
}

const REQUIRED_MODEL: FieldRule = { name: 'model', kinds: ['string'], required: true, expected: 'a string' };
// `null` is OpenAI's way of leaving a field out.
const OPTIONAL_MODEL: FieldRule = { name: 'model', kinds: ['string', 'null'], expected: 'a string' };
const COMMON: readonly FieldRule[] = [
  { name: 'stream', kinds: ['boolean', 'null'], expected: 'a boolean' },
  { name: 'n', kinds: ['number', 'null'], expected: 'an integer' },
  { name: 'user', kinds: ['string', 'null'], expected: 'a string' },
  { name: 'stream_format', kinds: ['string', 'null'], expected: 'a string' },
];
const PROMPT: FieldRule = { name: 'prompt', kinds: ['string'], required: true, expected: 'a string' };

const RULES: Readonly<Partial<Record<OperationKind, Rules>>> = {
  image: { path: '/images/generations', modelDefault: 'dall-e-2', fields: [PROMPT], streams: true },
  'image-edit': {
    path: '/images/edits',
    modelDefault: 'gpt-image-1.5',
    fields: [PROMPT, { name: 'images', kinds: ['array'], required: true, expected: 'an array of images' }],
    file: 'image',
    streams: true,
  },
  'image-variation': { path: '/images/variations', modelDefault: 'dall-e-2', file: 'image' },
  speech: { path: '/audio/speech', fields: [{ name: 'input', kinds: ['string'], required: true, expected: 'a string' }] },
  transcription: { path: '/audio/transcriptions', file: 'file', streams: true },
  translation: { path: '/audio/translations', file: 'file' },
  moderation: {
    path: '/moderations',
    modelDefault: 'omni-moderation-latest',
    fields: [{ name: 'input', kinds: ['string', 'array'], required: true, expected: 'a string or an array' }],
  },
  realtime: { path: '/realtime' },
};

const CHECKS = new Map<OperationKind, (scan: JsonScan) => void>(
  Object.entries(RULES).map(([kind, { fields = [], modelDefault }]) => [
    kind as OperationKind,
    createFieldCheck([modelDefault === undefined ? REQUIRED_MODEL : OPTIONAL_MODEL, ...COMMON, ...fields]),
  ]),
);
export function isMedia(kind: OperationKind): kind is PassedKind {
  return RULES[kind] !== undefined;
}

/** Below where the dialect begins at a target. */
export function mediaPath(kind: OperationKind, model: string): string {
  const { path } = ofOperation(RULES, kind);
  return kind === 'realtime' ? `${path}?model=${encodeURIComponent(model)}` : path;
}

/** Throws `json_invalid` or `request_invalid`. */
export function decodeMedia(kind: PassedKind, bytes: Uint8Array, hints: DecodeHints): Operation {
  if (kind === 'realtime') return decodeRealtime(hints.search ?? '');
  const rules = ofOperation(RULES, kind);
  if (rules.file !== undefined && rules.fields === undefined) throw invalid(rules.file, 'the body must be multipart/form-data');
  const scan = scanBody(bytes);
  CHECKS.get(kind)?.(scan);
  const given = memberString(scan, 'model');
  const results = countOf(memberNumber(scan, 'n'));
  const user = memberString(scan, 'user');
  const isSpeech = kind === 'speech';
  const isStream = isSpeech
    ? memberString(scan, 'stream_format') === 'sse'
    : rules.streams === true && memberBoolean(scan, 'stream') === true;
  return {
    ...asked(kind, given, isStream),
    deterministic: kind === 'moderation',
    ...(user === undefined ? {} : { user }),
    ...(results === undefined ? {} : { results }),
    ...(isSpeech ? { reply: 'bytes' as const, inputCharacters: memberString(scan, 'input')?.length ?? 0 } : {}),
    bytes,
    encode: (model) => (model === (given ?? rules.modelDefault) ? bytes : editMembers(scan, { model: JSON.stringify(model) })),
  };
}

/** What is no number of results is for the target to refuse. */
function countOf(value: number | undefined): number | undefined {
  return value !== undefined && Number.isInteger(value) && value >= 1 ? value : undefined;
}

function asked(kind: PassedKind, given: string | undefined, stream: boolean) {
  const { modelDefault } = ofOperation(RULES, kind);
  const model = given === undefined ? modelDefault : checkModel(given);
  if (model === undefined) throw invalid('model', "'model' is required: a string");
  return {
    kind,
    dialect: DIALECT,
    model,
    stream,
    usageWanted: stream,
    deterministic: false,
  };
}

export const mediaForms: DialectForms = {
  fields: ['model', 'stream', 'n', 'user', 'response_format'],
  decode(kind, form) {
    const rules = ofOperation(RULES, kind);
    const fields = new FormFields(form.parts, mediaForms.fields);
    if (rules.file === undefined || !isMedia(kind)) throw invalid('', 'the body must be application/json');
    checkFile(rules.file, form);
    const given = fields.model();
    const user = fields.text('user');
    const results = fields.count('n');
    const format = fields.text('response_format') ?? '';
    return {
      ...asked(kind, given, rules.streams === true && fields.flag('stream') === true),
      ...(user === undefined ? {} : { user }),
      ...(results === undefined ? {} : { results }),
      ...(rules.file === 'file' && TEXT_FORMATS.has(format) ? { reply: 'text' as const } : {}),
      bytes: EMPTY,
      encode: () => EMPTY,
      upload: uploadOf(form, fields, given ?? rules.modelDefault),
    };
  },
};

const EMPTY = new Uint8Array(0);
const TEXT_FORMATS: ReadonlySet<string> = new Set(['text', 'srt', 'vtt']);

/** `image`, `image[]` and `image[0]` are all the same to the API: which of them it is does not matter to us. */
function checkFile(name: string, { parts }: ReceivedForm): void {
  if (!parts.some((part) => part.isFile && (part.name === name || part.name.startsWith(`${name}[`))))
    throw invalid(name, `'${name}' is required: a file`);
}

function uploadOf(form: ReceivedForm, fields: FormFields, named: string | undefined): Upload {
  const { body, boundary, contentType } = form;
  const place = fields.part('model');
  return {
    contentType,
    body: (model) => {
      if (model === named) return plainBody(body);
      if (place !== undefined) return splicedBody(body, place, model);
      // A field more, before all others: the body begins with its first boundary.
      const field = `--${boundary}\r\nContent-Disposition: form-data; name="model"\r\n\r\n${model}\r\n`;
      return splicedBody(body, { start: 0, end: 0 }, field);
    },
  };
}

/** `/v1/realtime?model=…`. What else a query may say would reach into sessions of others at the same account (`call_id`), or leaves out the model. */
function decodeRealtime(search: string): Operation {
  let given: string | undefined;
  for (const [name, value] of new URLSearchParams(search)) {
    if (name !== 'model') throw invalid(name.slice(0, 64), `the parameter '${name.slice(0, 64)}' is not taken here, only 'model'`);
    if (given !== undefined) throw invalid('model', "'model' is given twice");
    given = value;
  }
  return { ...asked('realtime', given, false), bytes: EMPTY, encode: () => EMPTY };
}

/*
 * Decodes the bodies of /api/chat, /api/generate, /api/embed and /api/embeddings, as far as the gateway itself must know them; and of
 * requests about a model, which only name it.
 *
 * The JSON is checked in full, but only a few fields are read. `null` is Go's way of leaving a field out. Source: Ollama's api/types.go.
 */

import { type JsonKind, type JsonScan, memberBoolean, memberJson, memberString } from '../../base/json-scan.ts';
import { editMembers } from '../../base/json-splice.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import type { DecodeHints } from '../dialect.ts';
import { scanBody } from '../dialect-body.ts';
import { checkModel, createFieldCheck, type FieldRule, firstInside, invalid } from '../dialect-request.ts';
import { type FormName, formName } from './forms.ts';
import { otherName } from './model-name.ts';

const optional = (name: string, expected: string, ...kinds: JsonKind[]): FieldRule => ({ name, kinds: [...kinds, 'null'], expected });

const MODEL: FieldRule = { name: 'model', kinds: ['string'], required: true, expected: 'a string' };

const COMMON_RULES: readonly FieldRule[] = [
  MODEL,
  optional('options', 'an object', 'object'),
  optional('keep_alive', 'a number of seconds or a duration such as "5m"', 'number', 'string'),
];

const GENERATING_RULES: readonly FieldRule[] = [
  ...COMMON_RULES,
  optional('stream', 'a boolean', 'boolean'),
  optional('format', '"json" or a JSON schema', 'string', 'object'),
  optional('think', 'a boolean or a level', 'boolean', 'string'),
];

const CHECKS: Readonly<Record<FormName, (scan: JsonScan) => void>> = {
  chat: createFieldCheck([
    ...GENERATING_RULES,
    optional('messages', 'an array of messages', 'array'),
    optional('tools', 'an array of tools', 'array'),
  ]),
  generate: createFieldCheck([
    ...GENERATING_RULES,
    optional('prompt', 'a string', 'string'),
    optional('suffix', 'a string', 'string'),
    optional('system', 'a string', 'string'),
    optional('template', 'a string', 'string'),
    optional('raw', 'a boolean', 'boolean'),
    optional('images', 'an array of images', 'array'),
    optional('context', 'an array of numbers', 'array'),
  ]),
  embed: createFieldCheck([
    ...COMMON_RULES,
    optional('input', 'a string or an array of strings', 'string', 'array'),
    optional('truncate', 'a boolean', 'boolean'),
    optional('dimensions', 'an integer', 'number'),
  ]),
  embeddings: createFieldCheck([...COMMON_RULES, optional('prompt', 'a string', 'string')]),
};

export function decodeRequest(kind: OperationKind, bytes: Uint8Array, hints: DecodeHints): Operation {
  const form = formName(kind, hints.form);
  const scan = scanBody(bytes);
  CHECKS[form](scan);
  checkMessages(scan, form);
  const { model, encode } = readModel(scan, 'model', hints);
  // With nothing to answer, the model is loaded, or with `keep_alive: 0` unloaded, and a single object says so.
  const isCommand = kind !== 'embed' && isNothingAsked(scan, form);
  const { temperature, seed, num_predict: outputTokensMax } = readOptions(scan);
  return {
    kind: form === 'generate' && !isCommand && isOneTurn(scan) ? 'chat' : kind,
    dialect: 'ollama',
    form,
    model,
    stream: kind !== 'embed' && !isCommand && memberBoolean(scan, 'stream') !== false,
    // It always is in the last line.
    usageWanted: true,
    // A seed below zero means any.
    deterministic: !isCommand && (kind === 'embed' || temperature === 0 || (typeof seed === 'number' && seed >= 0)),
    ...(isCommand ? { command: true, sameDialect: true } : {}),
    ...(typeof outputTokensMax === 'number' && outputTokensMax > 0 ? { outputTokensMax } : {}),
    bytes,
    encode,
  };
}

/** A request about a model: its name, and the bytes for a target that has another name for it. */
export interface ModelRequest {
  readonly model: string;
  readonly encode: (targetModel: string) => Uint8Array;
}

const checkNamed = createFieldCheck([{ ...MODEL, required: false }, optional('name', 'a string', 'string')]);

/** Decodes the body of /api/show. `name` is what older clients call the model. */
export function decodeModelRequest(bytes: Uint8Array, hints: Pick<DecodeHints, 'hasModel'>): ModelRequest {
  const scan = scanBody(bytes);
  checkNamed(scan);
  const isNamed = (memberString(scan, 'model') ?? '') === '' && (memberString(scan, 'name') ?? '') !== '';
  return readModel(scan, isNamed ? 'name' : 'model', hints);
}

function readModel(scan: JsonScan, field: string, { hasModel }: Pick<DecodeHints, 'hasModel'>): ModelRequest {
  const given = checkModel(memberString(scan, field) ?? '', field);
  const other = otherName(given);
  return {
    model: !hasModel(given) && other !== undefined && hasModel(other) ? other : given,
    encode: (target) => (target === given ? scan.bytes : editMembers(scan, { [field]: JSON.stringify(target) })),
  };
}

function checkMessages(scan: JsonScan, form: FormName): void {
  if (form !== 'chat' || scan.get('messages')?.kind !== 'array') return;
  const first = firstInside(scan, 'messages');
  if (first !== '' && first !== '{') throw invalid('messages[0]', "'messages' must hold objects with a role and content");
}

function isNothingAsked(scan: JsonScan, form: FormName): boolean {
  if (form === 'chat') return scan.get('messages')?.kind !== 'array' || firstInside(scan, 'messages') === '';
  return (memberString(scan, 'prompt') ?? '') === '';
}

/** Fields of a `generate` that only a server of Ollama's can do anything with: its templates, its tokens, its models that fill in. */
const OWN_FIELDS = ['suffix', 'template', 'raw', 'context'] as const;

/** A prompt, and nothing about how it is put to the model, is a chat of one turn: that any model can be asked. */
function isOneTurn(scan: JsonScan): boolean {
  return OWN_FIELDS.every((name) => {
    const value = memberJson(scan, name);
    return value === undefined || value === null || value === '' || value === false || (Array.isArray(value) && value.length === 0);
  });
}

interface Options {
  readonly temperature?: unknown;
  readonly seed?: unknown;
  readonly num_predict?: unknown;
}

function readOptions(scan: JsonScan): Options {
  return memberJson(scan, 'options') ?? {};
}

/*
 * Decodes the bodies of /v1/chat/completions, /v1/completions and /v1/embeddings, as far as the gateway itself must know them.
 *
 * The JSON is checked in full, but only a few fields are read: what a target makes of the rest is between it and the caller, and
 * fields that do not exist yet must pass. Source: platform.openai.com/docs/api-reference (chat, completions, embeddings).
 */

import { type JsonScan, memberBoolean, memberJson, memberNumber, memberString } from '../../base/json-scan.ts';
import { editMembers } from '../../base/json-splice.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import { scanBody } from '../dialect-body.ts';
import { ofOperation } from '../dialect-operations.ts';
import { checkModel, createFieldCheck, type FieldRule, firstInside, invalid } from '../dialect-request.ts';
import { BASE64_FORM } from './embeddings.ts';
import { FUNCTIONS_FORM } from './reply-encode.ts';
import { isResponsesBody, toChatBody } from './responses-body.ts';

// `null` is OpenAI's way of leaving a field out, so it is accepted wherever a field is optional.
const COMMON_RULES: readonly FieldRule[] = [
  { name: 'model', kinds: ['string'], required: true, expected: 'a string' },
  { name: 'stream', kinds: ['boolean', 'null'], expected: 'a boolean' },
  { name: 'stream_options', kinds: ['object', 'null'], expected: 'an object' },
  { name: 'temperature', kinds: ['number', 'null'], expected: 'a number' },
  { name: 'seed', kinds: ['number', 'null'], expected: 'an integer' },
  { name: 'user', kinds: ['string', 'null'], expected: 'a string' },
  { name: 'max_tokens', kinds: ['number', 'null'], expected: 'an integer' },
  { name: 'max_completion_tokens', kinds: ['number', 'null'], expected: 'an integer' },
];

const CHECKS: Readonly<Partial<Record<OperationKind, (scan: JsonScan) => void>>> = {
  chat: createFieldCheck([
    ...COMMON_RULES,
    { name: 'messages', kinds: ['array'], required: true, expected: 'an array of messages' },
    { name: 'tools', kinds: ['array', 'null'], expected: 'an array of tools' },
  ]),
  completion: createFieldCheck([
    ...COMMON_RULES,
    { name: 'prompt', kinds: ['string', 'array'], required: true, expected: 'a string or an array' },
  ]),
  embed: createFieldCheck([
    ...COMMON_RULES,
    { name: 'input', kinds: ['string', 'array'], required: true, expected: 'a string or an array' },
  ]),
};

export function decodeRequest(kind: OperationKind, given: Uint8Array): Operation {
  let scan = scanBody(given);
  if (kind === 'chat' && isResponsesBody(scan)) scan = scanBody(toChatBody(scan));
  ofOperation(CHECKS, kind)(scan);
  checkNotEmpty(scan, kind);
  const model = checkModel(memberString(scan, 'model') ?? '');
  const stream = kind !== 'embed' && memberBoolean(scan, 'stream') === true;
  const usageWanted = stream && asksForUsage(scan);
  const user = memberString(scan, 'user');
  const form = formOf(kind, scan);
  const outputTokensMax = memberNumber(scan, 'max_completion_tokens') ?? memberNumber(scan, 'max_tokens');
  return {
    kind,
    dialect: 'openai-chat',
    model,
    stream,
    usageWanted,
    deterministic: kind === 'embed' || memberNumber(scan, 'temperature') === 0 || memberNumber(scan, 'seed') !== undefined,
    ...(user === undefined ? {} : { user }),
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    ...(form === undefined ? {} : { form }),
    bytes: scan.bytes,
    encode: (targetModel, options) => encodeRequest(scan, { model, targetModel, askUsage: stream && !usageWanted && options.streamUsage }),
  };
}

/** Callers that ask in an older way, or for vectors in base64, look for an answer to match. */
function formOf(kind: OperationKind, scan: JsonScan): string | undefined {
  if (kind === 'chat') return scan.get('functions')?.kind === 'array' && scan.get('tools')?.kind !== 'array' ? FUNCTIONS_FORM : undefined;
  return kind === 'embed' && memberString(scan, 'encoding_format') === BASE64_FORM ? BASE64_FORM : undefined;
}

/** The body for a target: the caller's bytes, but for the model's name and the usage that we need. */
function encodeRequest(scan: JsonScan, wanted: { model: string; targetModel: string; askUsage: boolean }): Uint8Array {
  const edits: Record<string, string> = {};
  if (wanted.targetModel !== wanted.model) edits['model'] = JSON.stringify(wanted.targetModel);
  if (wanted.askUsage) {
    const given = memberJson(scan, 'stream_options') as Record<string, unknown> | null | undefined;
    edits['stream_options'] = JSON.stringify({ ...given, include_usage: true });
  }
  return Object.keys(edits).length === 0 ? scan.bytes : editMembers(scan, edits);
}

/** An empty array has nothing to answer, and a message that is no object nothing to read. */
function checkNotEmpty(scan: JsonScan, kind: OperationKind): void {
  if (kind === 'chat') {
    const first = firstInside(scan, 'messages');
    if (first === '') throw invalid('messages', "'messages' must hold at least one message");
    if (first !== '{') throw invalid('messages[0]', "'messages' must hold objects with a role and content");
    return;
  }
  if (kind === 'embed' && scan.get('input')?.kind === 'array' && firstInside(scan, 'input') === '') {
    throw invalid('input', "'input' must hold at least one text");
  }
}

function asksForUsage(scan: JsonScan): boolean {
  if (scan.get('stream_options') === undefined) return false;
  const options = memberJson(scan, 'stream_options') as { include_usage?: unknown } | null;
  return options?.include_usage === true;
}

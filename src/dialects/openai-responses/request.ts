/*
 * Decodes the bodies of /v1/responses, /v1/responses/input_tokens and /v1/responses/compact, as far as the gateway itself must know them. The JSON is
 * checked in full, but only a few fields are read: what a target makes of the rest is between it and the caller.
 * Source: platform.openai.com/docs/api-reference/responses.
 */

import { type JsonScan, memberBoolean, memberNumber, memberString } from '../../base/json-scan.ts';
import { editMembers } from '../../base/json-splice.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import { scanBody } from '../dialect-body.ts';
import { checkModel, createFieldCheck, firstInside, invalid } from '../dialect-request.ts';
import { NAME } from './name.ts';
import { mayHoldReference } from './references.ts';

// `null` is OpenAI's way of leaving a field out, so it is accepted wherever a field is optional.
const check = createFieldCheck([
  { name: 'model', kinds: ['string'], required: true, expected: 'a string' },
  { name: 'input', kinds: ['string', 'array', 'null'], expected: 'a string or an array of items' },
  { name: 'instructions', kinds: ['string', 'null'], expected: 'a string' },
  { name: 'previous_response_id', kinds: ['string', 'null'], expected: 'a string' },
  { name: 'stream', kinds: ['boolean', 'null'], expected: 'a boolean' },
  { name: 'background', kinds: ['boolean', 'null'], expected: 'a boolean' },
  { name: 'store', kinds: ['boolean', 'null'], expected: 'a boolean' },
  { name: 'temperature', kinds: ['number', 'null'], expected: 'a number' },
  { name: 'max_output_tokens', kinds: ['number', 'null'], expected: 'an integer' },
  { name: 'tools', kinds: ['array', 'null'], expected: 'an array of tools' },
  { name: 'user', kinds: ['string', 'null'], expected: 'a string' },
  { name: 'safety_identifier', kinds: ['string', 'null'], expected: 'a string' },
]);

/** One of these says what is asked. */
const QUESTIONS = ['input', 'previous_response_id', 'prompt', 'conversation', 'instructions'] as const;

export function decodeRequest(kind: OperationKind, bytes: Uint8Array): Operation {
  const scan = scanBody(bytes);
  check(scan);
  checkQuestion(scan);
  const model = checkModel(memberString(scan, 'model') ?? '');
  const user = memberString(scan, 'safety_identifier') ?? memberString(scan, 'user');
  const outputTokensMax = memberNumber(scan, 'max_output_tokens');
  const stream = kind === 'chat' && memberBoolean(scan, 'stream') === true;
  // What the vendor is asked to keep, or to do later, is no answer that could be given twice.
  const isAct = memberBoolean(scan, 'background') === true || isGiven(scan, 'conversation');
  return {
    kind,
    dialect: NAME,
    model,
    stream,
    // It always comes, with the last event.
    usageWanted: true,
    // An answer that goes on from another is its caller's own, and must not be found by anybody who knows that one's id.
    deterministic: (kind === 'count-tokens' || memberNumber(scan, 'temperature') === 0) && !goesOn(scan),
    ...(isAct ? { command: true } : {}),
    ...(user === undefined ? {} : { user }),
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    bytes,
    encode: (targetModel) => (targetModel === model ? bytes : editMembers(scan, { model: JSON.stringify(targetModel) })),
  };
}

function goesOn(scan: JsonScan): boolean {
  return isGiven(scan, 'previous_response_id') || mayHoldReference(scan.bytes);
}

function checkQuestion(scan: JsonScan): void {
  if (!QUESTIONS.some((name) => isGiven(scan, name))) throw invalid('input', "'input' is required: a string or an array of items");
  if (scan.get('input')?.kind !== 'array') return;
  const first = firstInside(scan, 'input');
  if (first !== '{' && first !== '') throw invalid('input[0]', "'input' must hold objects: messages, calls, outputs and the like");
}

function isGiven(scan: JsonScan, name: string): boolean {
  const kind = scan.get(name)?.kind;
  return kind !== undefined && kind !== 'null';
}

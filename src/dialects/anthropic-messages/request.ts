/*
 * Decodes the bodies of /v1/messages and /v1/messages/count_tokens, as far as the gateway itself must know them. The bytes stay the caller's:
 * signatures of thoughts and prompt caches break when a body is written anew. Source: platform.claude.com/docs/en/api/messages.
 */

import { type JsonScan, memberBoolean, memberJson, memberNumber, memberString } from '../../base/json-scan.ts';
import { editMembers } from '../../base/json-splice.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import { scanBody } from '../dialect-body.ts';
import { isRecord } from '../dialect-errors.ts';
import { checkModel, createFieldCheck, type FieldRule, firstInside, invalid } from '../dialect-request.ts';
import { ANTHROPIC_MESSAGES } from './dialect-name.ts';

// `max_tokens` is required by the vendor, who says so itself where it is missing; other dialects can do without.
const RULES: readonly FieldRule[] = [
  { name: 'model', kinds: ['string'], required: true, expected: 'a string' },
  { name: 'messages', kinds: ['array'], required: true, expected: 'an array of messages' },
  { name: 'system', kinds: ['string', 'array', 'null'], expected: 'a string or an array of blocks' },
  { name: 'tools', kinds: ['array', 'null'], expected: 'an array of tools' },
  { name: 'stream', kinds: ['boolean', 'null'], expected: 'a boolean' },
  { name: 'max_tokens', kinds: ['number', 'null'], expected: 'an integer' },
  { name: 'temperature', kinds: ['number', 'null'], expected: 'a number' },
  { name: 'metadata', kinds: ['object', 'null'], expected: 'an object' },
];

const check = createFieldCheck(RULES);

export function decodeRequest(kind: OperationKind, bytes: Uint8Array): Operation {
  const scan = scanBody(bytes);
  check(scan);
  const first = firstInside(scan, 'messages');
  if (first === '') throw invalid('messages', "'messages' must hold at least one message");
  if (first !== '{') throw invalid('messages[0]', "'messages' must hold objects with a role and content");
  const model = checkModel(memberString(scan, 'model') ?? '');
  const isChat = kind === 'chat';
  const user = isChat ? userOf(scan) : undefined;
  const outputTokensMax = memberNumber(scan, 'max_tokens');
  return {
    kind,
    dialect: ANTHROPIC_MESSAGES,
    model,
    stream: isChat && memberBoolean(scan, 'stream') === true,
    // Streams of this dialect always end with it.
    usageWanted: true,
    // Counting the same text again gives the same number.
    deterministic: !isChat || memberNumber(scan, 'temperature') === 0,
    ...(user === undefined ? {} : { user }),
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    bytes,
    encode: (targetModel) => (targetModel === model ? bytes : editMembers(scan, { model: JSON.stringify(targetModel) })),
  };
}

function userOf(scan: JsonScan): string | undefined {
  if (scan.get('metadata')?.kind !== 'object') return undefined;
  const metadata = memberJson(scan, 'metadata');
  const user = isRecord(metadata) ? metadata['user_id'] : undefined;
  return typeof user === 'string' ? user : undefined;
}

/*
 * Decodes the bodies of /v2/chat, /v2/rerank and /v2/embed, as far as the gateway itself must know them. Source: docs.cohere.com/reference (chat, rerank,
 * embed).
 */

import { type JsonScan, memberBoolean, memberNumber, memberString } from '../../base/json-scan.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import { scanBody } from '../dialect-body.ts';
import { checkModel, createFieldCheck, firstInside, invalid } from '../dialect-request.ts';
import { createWholeDecoder, MODEL_RULE, rerankRules, wholeOperation } from '../dialect-whole.ts';
import { COHERE } from './dialect-name.ts';

const checkChat = createFieldCheck([
  MODEL_RULE,
  { name: 'messages', kinds: ['array'], required: true, expected: 'an array of messages' },
  { name: 'stream', kinds: ['boolean', 'null'], expected: 'a boolean' },
  { name: 'tools', kinds: ['array', 'null'], expected: 'an array of tools' },
  { name: 'documents', kinds: ['array', 'null'], expected: 'an array of documents' },
  { name: 'max_tokens', kinds: ['number', 'null'], expected: 'a whole number' },
  { name: 'temperature', kinds: ['number', 'null'], expected: 'a number' },
  { name: 'seed', kinds: ['number', 'null'], expected: 'a whole number' },
]);

const checkEmbed = createFieldCheck([
  MODEL_RULE,
  { name: 'texts', kinds: ['array', 'null'], expected: 'an array of texts' },
  { name: 'images', kinds: ['array', 'null'], expected: 'an array of images' },
  { name: 'inputs', kinds: ['array', 'null'], expected: 'an array of inputs' },
  { name: 'input_type', kinds: ['string', 'null'], expected: 'a string' },
]);

const decodeRerank = createWholeDecoder({ rerank: rerankRules('documents', 'top_n') }, { modelRequired: true });

export function decodeRequest(kind: OperationKind, bytes: Uint8Array): Operation {
  if (kind === 'rerank') return decodeRerank(bytes, { kind, dialect: COHERE });
  const scan = scanBody(bytes);
  return kind === 'chat' ? decodeChat(scan) : decodeEmbed(scan);
}

function decodeChat(scan: JsonScan): Operation {
  checkChat(scan);
  const first = firstInside(scan, 'messages');
  if (first === '') throw invalid('messages', "'messages' must hold at least one message");
  if (first !== '{') throw invalid('messages[0]', "'messages' must hold objects with a role and content");
  const outputTokensMax = memberNumber(scan, 'max_tokens');
  return {
    ...wholeOperation(scan, { kind: 'chat', dialect: COHERE, model: modelOf(scan) }),
    stream: memberBoolean(scan, 'stream') === true,
    // It always is in the last event.
    usageWanted: true,
    deterministic: memberNumber(scan, 'temperature') === 0 || memberNumber(scan, 'seed') !== undefined,
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
  };
}

function decodeEmbed(scan: JsonScan): Operation {
  checkEmbed(scan);
  const given = ['texts', 'images', 'inputs'].filter((name) => scan.get(name)?.kind === 'array');
  if (given.length === 0) throw invalid('texts', "'texts' is required: an array of texts");
  for (const name of given) if (firstInside(scan, name) === '') throw invalid(name, `'${name}' must not be empty`);
  return wholeOperation(scan, { kind: 'embed', dialect: COHERE, model: modelOf(scan) });
}

function modelOf(scan: JsonScan): string {
  return checkModel(memberString(scan, 'model') ?? '');
}

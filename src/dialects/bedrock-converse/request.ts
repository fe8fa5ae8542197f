/*
 * Decodes the bodies of Converse and ConverseStream, as far as the gateway itself must know them. The model is in the path, and whether a stream is wanted is
 * the route's to say; so the bytes go to any target of this dialect as they came. Source: the API reference of Bedrock Runtime.
 */

import { memberJson } from '../../base/json-scan.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import type { DecodeHints } from '../dialect.ts';
import { scanBody } from '../dialect-body.ts';
import { isRecord } from '../dialect-errors.ts';
import { checkModel, createFieldCheck, type FieldRule, invalid } from '../dialect-request.ts';
import { BEDROCK_CONVERSE } from './dialect-name.ts';

/** The form of the route that streams. */
export const STREAM_FORM = 'converse-stream';

// A prompt that is kept at AWS needs no messages; where they are missing otherwise, whoever reads them says so.
const RULES: readonly FieldRule[] = [
  { name: 'messages', kinds: ['array', 'null'], expected: 'an array of messages' },
  { name: 'system', kinds: ['array', 'null'], expected: 'an array of blocks' },
  { name: 'inferenceConfig', kinds: ['object', 'null'], expected: 'an object' },
  { name: 'toolConfig', kinds: ['object', 'null'], expected: 'an object' },
  { name: 'additionalModelRequestFields', kinds: ['object', 'null'], expected: 'an object' },
];

const check = createFieldCheck(RULES);

export function decodeRequest(kind: OperationKind, bytes: Uint8Array, { params, form }: DecodeHints): Operation {
  const scan = scanBody(bytes);
  check(scan);
  const model = checkModel(params?.['model'] ?? '', 'modelId');
  const config = scan.get('inferenceConfig')?.kind === 'object' ? memberJson(scan, 'inferenceConfig') : undefined;
  const { maxTokens, temperature } = isRecord(config) ? config : {};
  if (maxTokens !== undefined && maxTokens !== null && typeof maxTokens !== 'number')
    throw invalid('inferenceConfig.maxTokens', "'inferenceConfig.maxTokens' must be an integer");
  return {
    kind,
    dialect: BEDROCK_CONVERSE,
    model,
    stream: form === STREAM_FORM,
    // Streams of this dialect always end with it.
    usageWanted: true,
    deterministic: temperature === 0,
    ...(typeof maxTokens === 'number' ? { outputTokensMax: maxTokens } : {}),
    bytes,
    encode: () => bytes,
  };
}

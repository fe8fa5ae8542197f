/*
 * Embeddings: `embedContent` of one text, `batchEmbedContents` of many. Targets are always asked for many: one is a list, too.
 * Source: ai.google.dev/api/embeddings.
 */

import { GatewayError } from '../../base/errors.ts';
import type { EmbedReply, EmbedRequest } from '../../operations/embedding.ts';
import type { Operation } from '../../operations/operation.ts';
import type { WholeCodec } from '../dialect-codec.ts';
import { invalid } from '../dialect-request.ts';
import { type Fields, fieldsOf, listOf, numberOf, textOf } from './fields.ts';
import { parseReply } from './reply.ts';
import { resourceOf } from './request.ts';
import { Unread } from './unread.ts';
import { readUsage } from './usage.ts';

type Purpose = NonNullable<EmbedRequest['purpose']>;

const TASKS: Readonly<Record<Purpose, string>> = {
  query: 'RETRIEVAL_QUERY',
  document: 'RETRIEVAL_DOCUMENT',
  similarity: 'SEMANTIC_SIMILARITY',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
};
const PURPOSES: ReadonlyMap<string, Purpose> = new Map(Object.entries(TASKS).map(([purpose, task]) => [task, purpose as Purpose]));
const FIELDS: ReadonlySet<string> = new Set(['model', 'content', 'taskType', 'outputDimensionality', 'autoTruncate']);

export const embedCodec: WholeCodec<EmbedRequest, EmbedReply> = {
  decodeRequest({ bytes, form }: Operation): EmbedRequest {
    const body = fieldsOf(JSON.parse(new TextDecoder().decode(bytes))) ?? {};
    const requests = form === 'single' ? [body] : listOf(body['requests']);
    const unread = new Unread();
    const path = form === 'single' ? '' : 'requests[]';
    const inputs = requests.map((request, index) => inputOf(request, form === 'single' ? '' : `requests[${index}].`));
    for (const request of requests) unread.note(fieldsOf(request) ?? {}, FIELDS, path);
    const first = fieldsOf(requests[0]) ?? {};
    // Other dialects say these once for all.
    for (const name of ['taskType', 'outputDimensionality', 'autoTruncate'])
      if (requests.some((request) => fieldsOf(request)?.[name] !== first[name]))
        throw invalid(`requests[].${name}`, `'${name}' must be the same for all texts`);
    const task = textOf(first['taskType']);
    const purpose = task === undefined ? undefined : PURPOSES.get(task);
    if (task !== undefined && purpose === undefined && task !== 'TASK_TYPE_UNSPECIFIED')
      unread.add(path === '' ? 'taskType' : `${path}.taskType`);
    const [dimensions, truncate] = [numberOf(first['outputDimensionality']), first['autoTruncate']];
    return {
      inputs,
      ...(dimensions === undefined ? {} : { dimensions }),
      ...(purpose === undefined ? {} : { purpose }),
      ...(typeof truncate === 'boolean' ? { truncate } : {}),
      encoding: 'float',
      unread: unread.names,
    };
  },
  encodeRequest({ inputs, dimensions, purpose }, { model }) {
    const requests = inputs.map((input): Fields => {
      if (typeof input !== 'string') throw invalid('input', 'the model reads texts, not the numbers of tokens');
      return {
        model: resourceOf(model),
        content: { parts: [{ text: input }] },
        ...(purpose === undefined ? {} : { taskType: TASKS[purpose] }),
        ...(dimensions === undefined ? {} : { outputDimensionality: dimensions }),
      };
    });
    return Buffer.from(JSON.stringify({ requests }));
  },
  decodeReply(bytes) {
    const reply = fieldsOf(parseReply(bytes)) ?? {};
    const usage = readUsage(reply['usageMetadata']);
    const list = reply['embeddings'] === undefined ? [reply['embedding']] : listOf(reply['embeddings']);
    return { vectors: list.map(vectorOf), ...(usage === undefined ? {} : { usage }) };
  },
  encodeReply({ vectors, usage }, { form }) {
    const embeddings = vectors.map((values) => ({ values }));
    const tokens = usage?.inputTokens === undefined ? {} : { usageMetadata: { promptTokenCount: usage.inputTokens } };
    return JSON.stringify({ ...(form === 'single' ? { embedding: embeddings[0] } : { embeddings }), ...tokens });
  },
};

function inputOf(request: unknown, path: string): string {
  const content = fieldsOf(fieldsOf(request)?.['content']);
  const parts = listOf(content?.['parts']);
  const texts = parts.map((part, index) => {
    const text = textOf(fieldsOf(part)?.['text']);
    if (text === undefined) throw invalid(`${path}content.parts[${index}]`, 'only text can be embedded by this model');
    return text;
  });
  if (texts.length === 0) throw invalid(`${path}content.parts`, `'${path}content.parts' must hold at least one text`);
  return texts.join('\n');
}

function vectorOf(value: unknown): readonly number[] {
  const values = fieldsOf(value)?.['values'];
  if (!Array.isArray(values) || !values.every((number) => typeof number === 'number'))
    throw new GatewayError('upstream_reply_invalid', "the upstream's reply has an embedding without values");
  return values;
}

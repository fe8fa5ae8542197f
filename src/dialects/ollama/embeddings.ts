/* Embeddings, both ways, in the newer form (`embed`) and towards callers in the older one (`embeddings`), which knows of one text and says no more than its vector. */

import { GatewayError } from '../../base/errors.ts';
import { scanJson } from '../../base/json-scan.ts';
import type { EmbedReply, EmbedRequest } from '../../operations/embedding.ts';
import { REPLY_LIMITS } from '../dialect-body.ts';
import type { WholeCodec } from '../dialect-codec.ts';
import { FieldReader } from '../dialect-reader.ts';
import { readUsage } from './reply.ts';
import { parseReply } from './reply-codec.ts';

export const embedCodec: WholeCodec<EmbedRequest, EmbedReply> = {
  decodeRequest(operation) {
    const body = FieldReader.ofBody(operation.bytes);
    const unread = new Set<string>();
    body.any('model');
    const inputs = operation.form === 'embeddings' ? [body.string('prompt') ?? ''] : readInputs(body);
    const dimensions = body.integer('dimensions');
    const truncate = body.boolean('truncate');
    body.leftOver(unread);
    return {
      inputs,
      ...(dimensions === undefined ? {} : { dimensions }),
      ...(truncate === undefined ? {} : { truncate }),
      encoding: 'float',
      unread: [...unread],
    };
  },

  encodeRequest({ inputs, dimensions, truncate }, { model }) {
    const texts = inputs.map((input) => {
      if (typeof input === 'string') return input;
      throw new GatewayError('feature_unsupported', 'The model takes texts, not token numbers.', { param: 'input' });
    });
    return Buffer.from(JSON.stringify({ model, input: texts, dimensions, truncate }));
  },

  decodeReply(bytes) {
    const body = parseReply(bytes);
    const { embeddings } = body;
    if (!Array.isArray(embeddings) || embeddings.length === 0 || !embeddings.every(isVector))
      throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no 'embeddings'");
    const usage = readUsage(scanJson(bytes, REPLY_LIMITS));
    return {
      vectors: embeddings,
      ...(typeof body['model'] === 'string' ? { model: body['model'] } : {}),
      ...(usage === undefined ? {} : { usage }),
    };
  },

  encodeReply({ vectors, model, usage }, facts) {
    if (facts.form === 'embeddings') return JSON.stringify({ embedding: vectors[0] ?? [] });
    return JSON.stringify({ model: model ?? facts.model, embeddings: vectors, prompt_eval_count: usage?.inputTokens });
  },
};

function readInputs(body: FieldReader): readonly string[] {
  const input = body.any('input');
  if (typeof input === 'string') return [input];
  const texts = body.strings('input') ?? [];
  if (texts.length === 0) throw body.wrong('input', 'a text, or an array of texts');
  return texts;
}

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((number: unknown) => typeof number === 'number');
}

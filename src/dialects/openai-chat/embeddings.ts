/*
 * Embeddings, both ways. Vectors are numbers, or base64 of 32-bit floats in little endian, which OpenAI's own clients ask for unless told otherwise.
 * Source: platform.openai.com/docs/api-reference/embeddings.
 */

import { GatewayError } from '../../base/errors.ts';
import type { EmbedReply, EmbedRequest } from '../../operations/embedding.ts';
import type { WholeCodec } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { FieldReader } from '../dialect-reader.ts';
import { listOf, parseReply } from './reply-decode.ts';
import { defined } from './request-decode.ts';
import { readUsage, writeUsage } from './usage.ts';

/** The form of a request whose vectors are wanted in base64. */
export const BASE64_FORM = 'base64';

export const embedCodec: WholeCodec<EmbedRequest, EmbedReply> = {
  decodeRequest(operation) {
    const body = FieldReader.ofBody(operation.bytes);
    const unread = new Set<string>();
    body.any('model');
    const encoding = body.string('encoding_format');
    if (encoding !== undefined && encoding !== 'float' && encoding !== 'base64') throw body.wrong('encoding_format', '"float" or "base64"');
    const request = {
      inputs: readInputs(body),
      ...defined({ dimensions: body.integer('dimensions'), user: body.string('user') }),
      encoding: encoding ?? 'float',
    } as const;
    body.leftOver(unread);
    return { ...request, unread: [...unread] };
  },

  encodeRequest({ inputs, dimensions, user }, { model }) {
    const [only] = inputs;
    // Several arrays of tokens, or one: a lone text is told as such, since some servers know nothing else.
    const input = inputs.length === 1 && typeof only === 'string' ? only : inputs;
    return Buffer.from(JSON.stringify({ model, input, dimensions, user, encoding_format: 'float' }));
  },

  decodeReply(bytes) {
    const body = parseReply(bytes);
    const rows = listOf(body['data']).filter(isRecord);
    const vectors = rows.toSorted((a, b) => placeOf(a) - placeOf(b)).map((row) => readVector(row['embedding']));
    if (vectors.length === 0) throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no 'data'");
    const usage = readUsage(body['usage']);
    return { vectors, ...(typeof body['model'] === 'string' ? { model: body['model'] } : {}), ...(usage === undefined ? {} : { usage }) };
  },

  encodeReply({ vectors, model, usage }, facts) {
    const written = facts.form === BASE64_FORM ? vectors.map(writeBase64) : vectors;
    return JSON.stringify({
      object: 'list',
      data: written.map((embedding, index) => ({ object: 'embedding', index, embedding })),
      model: model ?? facts.model,
      // OpenAI's own clients hold this to be there.
      usage: writeUsage(usage ?? { inputTokens: 0, totalTokens: 0 }),
    });
  },
};

/** A text, tokens, or several of either. */
function readInputs(body: FieldReader): EmbedRequest['inputs'] {
  const input = body.any('input');
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input) || input.length === 0) throw body.wrong('input', 'a text, or an array of texts');
  if (isTokens(input)) return [input];
  return input.map((entry: unknown, index) => {
    if (typeof entry === 'string' || (isTokens(entry) && entry.length > 0)) return entry;
    throw body.wrong(`input[${index}]`, 'a text, or an array of token numbers');
  });
}

function isTokens(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((token: unknown) => typeof token === 'number' && Number.isSafeInteger(token) && token >= 0);
}

function placeOf(row: Readonly<Record<string, unknown>>): number {
  return typeof row['index'] === 'number' ? row['index'] : 0;
}

function readVector(value: unknown): readonly number[] {
  if (typeof value === 'string') return readBase64(value);
  if (Array.isArray(value) && value.every((number: unknown) => typeof number === 'number')) return value;
  throw new GatewayError('upstream_reply_invalid', "the upstream's reply has a vector that is none");
}

function readBase64(text: string): readonly number[] {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || bytes.length % 4 !== 0)
    throw new GatewayError('upstream_reply_invalid', "the upstream's reply has a vector that is none");
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}

function writeBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}

/* Embeddings as dialects have them: texts in, lists of numbers out, which some write as base64 of 32-bit floats in little endian. */

import { GatewayError } from '../base/errors.ts';
import type { EmbedReply, EmbedRequest } from '../operations/embedding.ts';
import type { Usage } from '../operations/usage.ts';
import { isRecord } from './dialect-errors.ts';
import type { FieldReader } from './dialect-reader.ts';
import { invalidReply } from './dialect-rerank.ts';

const FLOAT_BYTES = 4;

/** A text, or a list of texts or of objects with one. Throws `request_invalid`. */
export function readTexts(body: FieldReader, name: string): readonly string[] {
  const given = body.any(name);
  if (typeof given === 'string') return [given];
  if (!Array.isArray(given) || given.length === 0) throw body.wrong(name, 'a text, or an array with at least one');
  return given.map((entry: unknown, index) => {
    if (typeof entry === 'string') return entry;
    if (isRecord(entry) && typeof entry['text'] === 'string') return entry['text'];
    throw body.wrong(`${name}[${index}]`, 'a text: nothing else can be put to a model of another API');
  });
}

/** The inputs for a server that takes texts alone: numbers of tokens mean something to one model only. Throws `request_invalid`. */
export function inputTexts({ inputs }: EmbedRequest): readonly string[] {
  return inputs.map((input) => {
    if (typeof input === 'string') return input;
    throw new GatewayError('request_invalid', "'input' must be text: this model takes no numbers of tokens", { param: 'input' });
  });
}

/** The word of a table for a purpose, and back; of several that mean the same the first is said. */
export function purposeOf(table: Readonly<Record<string, EmbedRequest['purpose']>>, word: string): EmbedRequest['purpose'] {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

export function wordOf(table: Readonly<Record<string, EmbedRequest['purpose']>>, purpose: EmbedRequest['purpose']): string | undefined {
  if (purpose === undefined) return undefined;
  return Object.keys(table).find((word) => table[word] === purpose);
}

/** One vector of a target: numbers or base64. Throws `upstream_reply_invalid`. */
function readVector(value: unknown): readonly number[] {
  if (Array.isArray(value) && value.length > 0 && value.every((number: unknown) => typeof number === 'number')) return value;
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
  if (bytes === undefined || bytes.length === 0 || bytes.length % FLOAT_BYTES !== 0) throw invalidReply('a vector that is none');
  return Array.from({ length: bytes.length / FLOAT_BYTES }, (_, index) => bytes.readFloatLE(index * FLOAT_BYTES));
}

/** Throws `upstream_reply_invalid`. */
export function readVectors(list: unknown): EmbedReply['vectors'] {
  if (!Array.isArray(list) || list.length === 0) throw invalidReply('no vectors');
  return list.map((vector: unknown) => readVector(vector));
}

/** As `readVectors`, of numbers as machines hold them. Throws `upstream_reply_invalid`. */
export function decodeVectors(list: unknown): readonly Float32Array[] {
  if (!Array.isArray(list) || list.length === 0) throw invalidReply('no vectors');
  return list.map((value: unknown) => {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
    if (bytes === undefined || bytes.length === 0 || bytes.length % FLOAT_BYTES !== 0) return Float32Array.from(readVector(value));
    const vector = new Float32Array(bytes.length / FLOAT_BYTES);
    for (let index = 0; index < vector.length; index += 1) vector[index] = bytes.readFloatLE(index * FLOAT_BYTES);
    return vector;
  });
}

function writeVector(vector: readonly number[], encoding: EmbedRequest['encoding']): readonly number[] | string {
  if (encoding === 'float') return vector;
  const bytes = Buffer.alloc(vector.length * FLOAT_BYTES);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * FLOAT_BYTES);
  return bytes.toString('base64');
}

/** A reply in OpenAI's frame, which other vendors use for vectors too: `{"data": [{"index", "embedding"}], "model", "usage"}`. */
export function readVectorList(body: Readonly<Record<string, unknown>>): EmbedReply {
  const rows: readonly unknown[] = Array.isArray(body['data']) ? body['data'] : [];
  const placed = rows.filter(isRecord).toSorted((a, b) => placeOf(a) - placeOf(b));
  const usage = readTokens(body['usage']);
  return {
    vectors: readVectors(placed.map((row) => row['embedding'])),
    ...(typeof body['model'] === 'string' ? { model: body['model'] } : {}),
    ...(usage === undefined ? {} : { usage }),
  };
}

/** As many vectors as there were texts: else nobody knows which is whose. Throws `upstream_reply_invalid`. */
export function wantedVectors({ vectors }: EmbedReply, { inputs, encoding }: EmbedRequest): readonly (readonly number[] | string)[] {
  if (vectors.length !== inputs.length) throw invalidReply('not one vector for each text');
  return vectors.map((vector) => writeVector(vector, encoding));
}

export function writeVectorList(reply: EmbedReply, model: string, request: EmbedRequest): string {
  return JSON.stringify({
    object: 'list',
    data: wantedVectors(reply, request).map((embedding, index) => ({ object: 'embedding', embedding, index })),
    model: reply.model ?? model,
    usage: writeTokens(reply.usage),
  });
}

function placeOf(row: Readonly<Record<string, unknown>>): number {
  return typeof row['index'] === 'number' ? row['index'] : 0;
}

/** What embedding and reranking take is input, however a vendor calls it. */
export function readTokens(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const input = countOf(value['prompt_tokens']) ?? countOf(value['total_tokens']);
  if (input === undefined) return undefined;
  return { inputTokens: input, totalTokens: countOf(value['total_tokens']) ?? input };
}

/** Clients hold it to be there. */
export function writeTokens(usage: Usage | undefined): { readonly total_tokens: number; readonly prompt_tokens: number } {
  const total = usage?.totalTokens ?? usage?.inputTokens ?? 0;
  return { total_tokens: total, prompt_tokens: usage?.inputTokens ?? total };
}

export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/* Embeddings in our words, and out of them. Source: docs.cohere.com/reference/embed. */

import type { EmbedReply, EmbedRequest } from '../../operations/embedding.ts';
import type { WholeCodec } from '../dialect-codec.ts';
import { inputTexts, purposeOf, readVectors, wantedVectors, wordOf } from '../dialect-embed.ts';
import { isRecord } from '../dialect-errors.ts';
import { FieldReader } from '../dialect-reader.ts';
import { parseWhole } from '../dialect-whole.ts';
import { readUsage, writeMeta } from './usage.ts';

const INPUT_TYPES: Readonly<Record<string, EmbedRequest['purpose']>> = {
  search_query: 'query',
  search_document: 'document',
  classification: 'classification',
  clustering: 'clustering',
};
/** It must be said. To be searched is what most vectors are for; of texts that are compared with each other, none is the query. */
const TYPE_DEFAULT = 'search_document';
const TYPE_SIMILARITY = 'clustering';

const TRUNCATE: Readonly<Record<string, boolean>> = { NONE: false, START: true, END: true };

export const embedCodec: WholeCodec<EmbedRequest, EmbedReply> = {
  decodeRequest({ bytes }) {
    const body = FieldReader.ofBody(bytes);
    const unread = new Set<string>();
    body.any('model');
    const type = body.string('input_type');
    const purpose = type === undefined ? undefined : purposeOf(INPUT_TYPES, type);
    if (type !== undefined && purpose === undefined) throw body.wrong('input_type', Object.keys(INPUT_TYPES).join(', '));
    const cut = body.string('truncate');
    if (cut !== undefined && !Object.hasOwn(TRUNCATE, cut)) throw body.wrong('truncate', Object.keys(TRUNCATE).join(', '));
    if (cut === 'START') unread.add('truncate');
    const dimensions = body.integer('output_dimension');
    const request = {
      inputs: readInputs(body),
      encoding: readEncoding(body, unread),
      ...(purpose === undefined ? {} : { purpose }),
      ...(dimensions === undefined ? {} : { dimensions }),
      ...(cut === undefined ? {} : { truncate: TRUNCATE[cut] === true }),
    };
    body.leftOver(unread);
    return { ...request, unread: [...unread] };
  },

  encodeRequest: (request, { model }) =>
    Buffer.from(
      JSON.stringify({
        model,
        texts: inputTexts(request),
        input_type: request.purpose === 'similarity' ? TYPE_SIMILARITY : (wordOf(INPUT_TYPES, request.purpose) ?? TYPE_DEFAULT),
        embedding_types: ['float'],
        output_dimension: request.dimensions,
        truncate: request.truncate === undefined ? undefined : request.truncate ? 'END' : 'NONE',
      }),
    ),

  decodeReply(bytes) {
    const body = parseWhole(bytes);
    const { embeddings } = body;
    const usage = readUsage(body['meta']);
    const list = isRecord(embeddings) ? (embeddings['float'] ?? embeddings['base64']) : embeddings;
    return { vectors: readVectors(list), ...(usage === undefined ? {} : { usage }) };
  },

  encodeReply: (reply, { id }, request) =>
    JSON.stringify({
      id,
      embeddings: { [request.encoding]: wantedVectors(reply, request) },
      texts: request.inputs,
      meta: writeMeta(reply.usage),
      response_type: 'embeddings_by_type',
    }),
};

/** Texts alone, in either of the two ways that they may be written. */
function readInputs(body: FieldReader): readonly string[] {
  if (body.any('images') !== undefined) throw body.wrong('images', 'left out: a model of another API is asked for vectors of texts alone');
  const texts = body.strings('texts');
  const mixed = body.objects('inputs').map((input) => {
    const parts = input.objects('content');
    if (parts.length === 0) throw input.wrong('content', 'an array of parts');
    return parts
      .map((part) => {
        if (part.string('type') !== 'text') throw part.wrong('type', '"text": a model of another API is asked for vectors of texts alone');
        return part.requiredString('text');
      })
      .join('\n');
  });
  if ((texts !== undefined && texts.length > 0) === mixed.length > 0)
    throw body.wrong('texts', 'an array with at least one text, or else `inputs`');
  return texts !== undefined && texts.length > 0 ? texts : mixed;
}

/** Vectors of another model are numbers, and can be written in base64; how the vendor makes whole numbers of them is its own. */
function readEncoding(body: FieldReader, unread: Set<string>): EmbedRequest['encoding'] {
  const types = body.strings('embedding_types') ?? ['float'];
  const known = types.find((type) => type === 'float') ?? types.find((type) => type === 'base64');
  if (known === undefined) throw body.wrong('embedding_types', '"float" or "base64": nothing else can be had of a model of another API');
  if (types.length > 1) unread.add('embedding_types');
  return known === 'float' ? 'float' : 'base64';
}

/** `POST /v2/embed`: texts, pictures or both, in as many number formats as are asked for. Source: docs.cohere.com/reference/embed. */
import { wholeReply } from '../delivery.ts';
import { DIMENSIONS_DEFAULT, embed } from '../embedding.ts';
import { insteadOfAnswer } from '../failures.ts';
import type { JsonObject } from '../json-instance.ts';
import { estimateTokens, hash } from '../text.ts';
import { seedOf, type Visit } from '../visit.ts';
import { askModel, checkKey, count, object, objects, onlyFields, readBody, refuse, text, texts, word } from './check.ts';
import { COHERE_WORDS, uuidOf } from './failure-words.ts';

const FIELDS = [
  'model',
  'input_type',
  'texts',
  'images',
  'inputs',
  'embedding_types',
  'output_dimension',
  'max_tokens',
  'truncate',
  'priority',
];
/** Inputs in one request: the vendor's limit. */
const INPUTS_MAX = 96;
const DIMENSIONS = [256, 512, 1_024, 1_536];

/** Throws RequestRefused; rejects when the client leaves. */
export async function cohereEmbed(visit: Visit): Promise<Response> {
  checkKey(visit);
  const body = await readBody(visit);
  const { faults } = askModel(visit, body);
  onlyFields(body, FIELDS);
  const { inputs, images } = readInputs(body);
  const types = readTypes(body);
  const dimensions = count(body, 'output_dimension', [1, 1_536]) ?? DIMENSIONS_DEFAULT;
  if (!DIMENSIONS.includes(dimensions)) refuse(`invalid request: output_dimension must be one of ${DIMENSIONS.join(', ')}.`);
  const tokens = inputs.reduce((total, input) => total + estimateTokens(input), 0);
  const failed = await insteadOfAnswer(faults, visit, tokens);
  if (failed !== undefined) return failed;

  const seed = seedOf(visit, faults);
  const vectors = inputs.map((input) => embed(input, dimensions, seed));
  const embeddings = Object.fromEntries(types.map((type) => [type, vectors.map((vector) => FORMATS[type]?.(vector))]));
  const billed = { ...(tokens === 0 ? {} : { input_tokens: tokens }), ...(images === 0 ? {} : { images }) };
  const reply = {
    id: uuidOf(inputs.join('\n'), seed),
    embeddings,
    texts: texts(body, 'texts') ?? [],
    meta: { api_version: { version: '2' }, billed_units: billed },
    response_type: 'embeddings_by_type',
  };
  const whole = {
    headers: { 'content-type': 'application/json' },
    seed: hash(inputs[0] ?? '', seed),
    tokenCount: 1,
    body: JSON.stringify(reply),
    failure: COHERE_WORDS.body(COHERE_WORDS.inBand),
  };
  return wholeReply(whole, faults, visit);
}

interface Inputs {
  readonly inputs: readonly string[];
  readonly images: number;
}

function readInputs(body: JsonObject): Inputs {
  const type = word(body, 'input_type', ['search_document', 'search_query', 'classification', 'clustering', 'image']);
  if (type === undefined) refuse('invalid request: input_type is required.');
  const [plain, images, mixed] = [texts(body, 'texts'), texts(body, 'images'), objects(body, 'inputs')];
  if ([plain, images, mixed].filter((given) => given !== undefined).length !== 1) {
    refuse('invalid request: exactly one of texts, images and inputs must be provided.');
  }
  const read = mixed?.map(readMixed) ?? (plain ?? images ?? []).map((input) => ({ input, images: images === undefined ? 0 : 1 }));
  if (read.length === 0) refuse('invalid request: at least one input is required.');
  if (read.length > INPUTS_MAX) refuse(`invalid request: total number of inputs must be at most ${INPUTS_MAX} - received ${read.length}.`);
  return { inputs: read.map(({ input }) => input), images: read.reduce((total, part) => total + part.images, 0) };
}

function readMixed(input: JsonObject): { readonly input: string; readonly images: number } {
  const parts = objects(input, 'content') ?? [];
  const read = parts.map((part) =>
    text(part, 'type') === 'image_url' ? (text(object(part, 'image_url') ?? {}, 'url') ?? '') : (text(part, 'text') ?? ''),
  );
  return { input: read.join('\n'), images: parts.filter((part) => part['type'] === 'image_url').length };
}

function readTypes(body: JsonObject): readonly string[] {
  const types = texts(body, 'embedding_types') ?? ['float'];
  const unknown = types.find((type) => !Object.hasOwn(FORMATS, type));
  if (unknown !== undefined) refuse(`invalid request: embedding type '${unknown}' is not one of ${Object.keys(FORMATS).join(', ')}.`);
  return types;
}

const FORMATS: Readonly<Record<string, (vector: Float32Array) => unknown>> = {
  float: (vector) => [...vector],
  int8: (vector) => Array.from(vector, (value) => Math.round(value * 127)),
  uint8: (vector) => Array.from(vector, (value) => Math.round(value * 127) + 128),
  binary: (vector) => bitsOf(vector).map((byte) => byte - 128),
  ubinary: bitsOf,
  base64: (vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64'),
};

/** One bit for each number, set where it is above zero; eight to a byte, the first the highest. */
function bitsOf(vector: Float32Array): number[] {
  return Array.from({ length: Math.ceil(vector.length / 8) }, (_, byte) =>
    Array.from({ length: 8 }, (__, bit) => ((vector[byte * 8 + bit] ?? 0) > 0 ? 1 << (7 - bit) : 0)).reduce(
      (total, value) => total + value,
      0,
    ),
  );
}

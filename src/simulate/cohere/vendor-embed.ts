/*
 * Embeddings of Jina (`/jina/v1/embeddings`), Voyage (`/voyage/v1/embeddings`) and Text Embeddings Inference (`/embed`), each strict about its own fields.
 * Sources: api.jina.ai/redoc; docs.voyageai.com/reference/embeddings-api; huggingface.github.io/text-embeddings-inference.
 */
import { wholeReply } from '../delivery.ts';
import { DIMENSIONS_DEFAULT, embed } from '../embedding.ts';
import { failureBody, insteadOfAnswer } from '../failures.ts';
import type { Faults } from '../faults.ts';
import { isObject, type JsonObject } from '../json-instance.ts';
import { estimateTokens, hash } from '../text.ts';
import { faultsOf, seedOf, type Visit } from '../visit.ts';
import { askModel, checkKey, count, flag, onlyFields, readBody, refuse, text, word } from './check.ts';
import { COHERE_WORDS } from './failure-words.ts';

const DIMENSIONS_MAX = 4_096;

interface Vendor {
  readonly fields: readonly string[];
  readonly inputsMax: number;
  /** What else must hold of a request; gives how many numbers a vector has, and whether they come in base64. */
  read(body: JsonObject): { readonly dimensions: number; readonly isBase64: boolean };
  usage(tokens: number): object;
}

const JINA: Vendor = {
  fields: ['model', 'input', 'task', 'dimensions', 'embedding_type', 'normalized', 'late_chunking', 'truncate'],
  inputsMax: 2_048,
  read(body) {
    word(body, 'task', ['retrieval.query', 'retrieval.passage', 'text-matching', 'classification', 'separation']);
    for (const name of ['normalized', 'late_chunking', 'truncate']) flag(body, name);
    return {
      dimensions: count(body, 'dimensions', [1, DIMENSIONS_MAX]) ?? DIMENSIONS_DEFAULT,
      isBase64: word(body, 'embedding_type', ['float', 'base64']) === 'base64',
    };
  },
  usage: (tokens) => ({ total_tokens: tokens, prompt_tokens: tokens }),
};

const VOYAGE: Vendor = {
  fields: ['model', 'input', 'input_type', 'truncation', 'output_dimension', 'output_dtype', 'encoding_format'],
  inputsMax: 1_000,
  read(body) {
    word(body, 'input_type', ['query', 'document']);
    flag(body, 'truncation');
    word(body, 'output_dtype', ['float']);
    return {
      dimensions: count(body, 'output_dimension', [1, DIMENSIONS_MAX]) ?? DIMENSIONS_DEFAULT,
      isBase64: word(body, 'encoding_format', ['base64']) === 'base64',
    };
  },
  usage: (tokens) => ({ total_tokens: tokens }),
};

/** Throws RequestRefused; rejects when the client leaves. */
export function jinaEmbed(visit: Visit): Promise<Response> {
  return embedAs(JINA, visit);
}

/** Throws RequestRefused; rejects when the client leaves. */
export function voyageEmbed(visit: Visit): Promise<Response> {
  return embedAs(VOYAGE, visit);
}

async function embedAs(vendor: Vendor, visit: Visit): Promise<Response> {
  checkKey(visit);
  const body = await readBody(visit);
  const { name, faults } = askModel(visit, body);
  onlyFields(body, vendor.fields);
  const { dimensions, isBase64 } = vendor.read(body);
  const inputs = readInputs(body['input'], 'input');
  if (inputs.length > vendor.inputsMax) refuse(`at most ${vendor.inputsMax} inputs, received ${inputs.length}`);
  const tokens = tokensOf(inputs);
  const failed = await insteadOfAnswer(faults, visit, tokens);
  if (failed !== undefined) return failed;
  const seed = seedOf(visit, faults);
  const data = inputs.map((input, index) => {
    const vector = embed(input, dimensions, seed);
    const written = isBase64 ? Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64') : [...vector];
    return { object: 'embedding', index, embedding: written };
  });
  return told({ object: 'list', data, model: name, usage: vendor.usage(tokens) }, faults, visit);
}

const BATCH_MAX = 32;
const TEI_FIELDS = ['inputs', 'normalize', 'truncate', 'truncation_direction', 'prompt_name', 'dimensions'];

/** `POST /embed`: no model, and a bare list. Throws RequestRefused; rejects when the client leaves. */
export async function teiEmbed(visit: Visit): Promise<Response> {
  const body = await readBody(visit);
  const faults = faultsOf(visit);
  onlyFields(body, TEI_FIELDS);
  for (const name of ['normalize', 'truncate']) flag(body, name);
  text(body, 'prompt_name');
  const inputs = readInputs(body['inputs'], 'inputs');
  if (inputs.length > BATCH_MAX) refuse(`batch size ${inputs.length} > maximum allowed batch size ${BATCH_MAX}`, 422);
  const dimensions = count(body, 'dimensions', [1, DIMENSIONS_MAX]) ?? DIMENSIONS_DEFAULT;
  const failed = await insteadOfAnswer(faults, visit, tokensOf(inputs));
  if (failed !== undefined) return failed;
  const seed = seedOf(visit, faults);
  return told(
    inputs.map((input) => [...embed(input, dimensions, seed)]),
    faults,
    visit,
  );
}

/** Texts, or objects with one; numbers of tokens stand for themselves. */
function readInputs(given: unknown, name: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0) refuse(`${name} must not be empty`, 422);
  return list.map((input) => {
    if (typeof input === 'string') return input;
    if (isObject(input) && typeof input['text'] === 'string') return input['text'];
    return Array.isArray(input) ? input.join(' ') : refuse(`${name} must be text`, 422);
  });
}

function tokensOf(inputs: readonly string[]): number {
  return inputs.reduce((total, input) => total + estimateTokens(input), 0);
}

function told(value: object, faults: Faults, visit: Visit): Promise<Response> {
  const body = JSON.stringify(value);
  const failure = failureBody(COHERE_WORDS.inBand, visit.shape);
  return wholeReply({ headers: { 'content-type': 'application/json' }, seed: hash(body, 0), tokenCount: 1, body, failure }, faults, visit);
}

/** Ollama's other routes: which models there are, what they are, their embeddings, and the version. */
import { wholeReply } from './delivery.ts';
import { DIMENSIONS_DEFAULT, embed } from './embedding.ts';
import { FAILURE_IN_BAND, type Failure, failureBody, failureReply, insteadOfAnswer } from './failures.ts';
import type { Faults } from './faults.ts';
import type { JsonObject } from './json-instance.ts';
import { refuse } from './openai-request.ts';
import { CREATED } from './openai-shapes.ts';
import { estimateTokens, hashDigits } from './text.ts';
import { askedModel, faultsOf, isServed, seedOf, type Visit } from './visit.ts';

/** The version that we claim to be. Clients ask in order to know what they may send. */
const VERSION = '0.12.0';

/** Throws RequestRefused. `name` is what older clients call it. */
export function readOllamaModel(body: JsonObject): string {
  const model = body['model'] ?? body['name'];
  return typeof model === 'string' && model !== '' ? model : refuse('model is required');
}

export function ollamaModelUnknown(name: string): Failure {
  return { status: 404, message: `model '${name}' not found` };
}

/** `GET /`. */
export function ollamaRoot(visit: Visit): Promise<Response> {
  return plainReply('Ollama is running', visit);
}

/** `GET /api/version`. */
export function ollamaVersion(visit: Visit): Promise<Response> {
  return plainReply({ version: VERSION }, visit);
}

/** `GET /api/tags`. */
export function ollamaTags(visit: Visit): Promise<Response> {
  const rows = visit.world.options.models.map((name) => ({
    name: `${name}:latest`,
    model: `${name}:latest`,
    modified_at: new Date(CREATED * 1_000).toISOString(),
    size: 4_000_000_000,
    digest: hashDigits(name, 0, 64),
    details: DETAILS,
  }));
  return plainReply({ models: rows }, visit);
}

/** `POST /api/show`. Throws RequestRefused. */
export async function ollamaShow(body: JsonObject, visit: Visit): Promise<Response> {
  const { name, faults } = askedModel(visit, readOllamaModel(body));
  if (!isServed(visit.world.options, name)) return failureReply(ollamaModelUnknown(name), visit);
  const shown = {
    license: 'Apache-2.0',
    modelfile: `FROM ${name}`,
    parameters: 'num_ctx 8192',
    template: '{{ .Prompt }}',
    details: DETAILS,
    model_info: {
      'general.architecture': 'llama',
      'general.parameter_count': 8_000_000_000,
      'llama.context_length': 8_192,
      'llama.embedding_length': DIMENSIONS_DEFAULT,
    },
    capabilities: ['completion', 'tools', 'embedding'],
    modified_at: new Date(CREATED * 1_000).toISOString(),
  };
  return reply(shown, faults, visit);
}

/** `POST /api/embed`: one text or several. Throws RequestRefused. */
export async function ollamaEmbed(body: JsonObject, visit: Visit): Promise<Response> {
  const { name, faults } = askedModel(visit, readOllamaModel(body));
  if (!isServed(visit.world.options, name)) return failureReply(ollamaModelUnknown(name), visit);
  const given = body['input'];
  const inputs = typeof given === 'string' ? [given] : Array.isArray(given) ? given.filter((entry) => typeof entry === 'string') : [];
  const dimensions = typeof body['dimensions'] === 'number' ? body['dimensions'] : DIMENSIONS_DEFAULT;
  const vectors = inputs.map((input) => [...embed(input, dimensions, seedOf(visit, faults))]);
  const prompt_eval_count = inputs.reduce((total, input) => total + estimateTokens(input), 0);
  return reply({ model: name, embeddings: vectors, total_duration: 2_000_000, load_duration: 1_000_000, prompt_eval_count }, faults, visit);
}

/** `POST /api/embeddings`: the older form, one text. Throws RequestRefused. */
export async function ollamaEmbeddings(body: JsonObject, visit: Visit): Promise<Response> {
  const { name, faults } = askedModel(visit, readOllamaModel(body));
  if (!isServed(visit.world.options, name)) return failureReply(ollamaModelUnknown(name), visit);
  const prompt = typeof body['prompt'] === 'string' ? body['prompt'] : '';
  const vector = prompt === '' ? [] : [...embed(prompt, DIMENSIONS_DEFAULT, seedOf(visit, faults))];
  return reply({ embedding: vector }, faults, visit);
}

const DETAILS = {
  parent_model: '',
  format: 'gguf',
  family: 'llama',
  families: ['llama'],
  parameter_size: '8.0B',
  quantization_level: 'Q4_K_M',
} as const;

function plainReply(value: unknown, visit: Visit): Promise<Response> {
  return reply(value, faultsOf(visit), visit);
}

async function reply(value: unknown, faults: Faults, visit: Visit): Promise<Response> {
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const isText = typeof value === 'string';
  const whole = {
    headers: { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8' },
    seed: 1,
    tokenCount: 0,
    body: isText ? value : JSON.stringify(value),
    failure: failureBody(FAILURE_IN_BAND, 'ollama'),
  };
  return wholeReply(whole, faults, visit);
}

/** Ollama's other routes: which models there are, what they are, which are in memory, and the version. */
import { wholeReply } from './delivery.ts';
import { DIMENSIONS_DEFAULT } from './embedding.ts';
import { FAILURE_IN_BAND, type Failure, failureBody, failureReply, insteadOfAnswer } from './failures.ts';
import type { Faults } from './faults.ts';
import type { JsonObject } from './json-instance.ts';
import { readOllamaModel } from './ollama-request.ts';
import { CREATED } from './openai-shapes.ts';
import { hashDigits } from './text.ts';
import { askedModel, faultsOf, isServed, type Visit } from './visit.ts';

/** The version that we claim to be. Clients ask in order to know what they may send. */
const VERSION = '0.12.0';

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
    name: tagged(name),
    model: tagged(name),
    modified_at: new Date(CREATED * 1_000).toISOString(),
    size: SIZE,
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
    parameters: `num_ctx ${CONTEXT_LENGTH}`,
    template: '{{ .Prompt }}',
    details: DETAILS,
    model_info: {
      'general.architecture': 'llama',
      'general.parameter_count': 8_000_000_000,
      'llama.context_length': CONTEXT_LENGTH,
      'llama.embedding_length': DIMENSIONS_DEFAULT,
    },
    capabilities: ['completion', 'tools', 'vision', 'thinking', 'embedding'],
    modified_at: new Date(CREATED * 1_000).toISOString(),
  };
  return reply(shown, faults, visit);
}

/** `GET /api/ps`: what is in memory, the longest to stay first. */
export function ollamaPs(visit: Visit): Promise<Response> {
  const { loaded, clock } = visit.world;
  const nowMs = clock.now();
  const rows = [...loaded]
    .filter(([, untilMs]) => untilMs > nowMs)
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, untilMs]) => ({
      name: tagged(name),
      model: tagged(name),
      size: SIZE,
      digest: hashDigits(name, 0, 64),
      details: DETAILS,
      expires_at: new Date(Math.min(untilMs, FOREVER_MS)).toISOString(),
      size_vram: SIZE,
      context_length: CONTEXT_LENGTH,
    }));
  return plainReply({ models: rows }, visit);
}

/** So many models fit into memory; the first to go makes room. */
const LOADED_MAX = 8;
/** Go's zero of "never": the last moment of its clock's nanoseconds. */
const FOREVER_MS = 9_223_372_036_854;

/** Loads a model for so long, or unloads it (0). */
export function keepLoaded(name: string, keepAliveMs: number, { world }: Visit): void {
  world.loaded.delete(name);
  if (keepAliveMs === 0) return;
  for (const oldest of world.loaded.keys()) {
    if (world.loaded.size < LOADED_MAX) break;
    world.loaded.delete(oldest);
  }
  world.loaded.set(name, world.clock.now() + keepAliveMs);
}

function tagged(name: string): string {
  return name.includes(':') ? name : `${name}:latest`;
}

const SIZE = 4_000_000_000;
const CONTEXT_LENGTH = 8_192;

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

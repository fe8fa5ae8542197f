/** Ollama's embeddings: /api/embed for one text or several, and the older /api/embeddings for one. */
import { wholeReply } from './delivery.ts';
import { DIMENSIONS_DEFAULT, embed } from './embedding.ts';
import { FAILURE_IN_BAND, failureBody, failureReply, insteadOfAnswer } from './failures.ts';
import type { JsonObject } from './json-instance.ts';
import { OLLAMA_JSON_HEADERS } from './ollama.ts';
import { keepLoaded, ollamaModelUnknown } from './ollama-models.ts';
import { readKeepAlive, readOllamaModel, text } from './ollama-request.ts';
import { refuse } from './openai-request.ts';
import { estimateTokens } from './text.ts';
import { askedModel, isServed, seedOf, type Visit } from './visit.ts';

/** `POST /api/embed`. Throws RequestRefused. */
export async function ollamaEmbed(body: JsonObject, visit: Visit): Promise<Response> {
  const inputs = readInputs(body['input'] ?? []);
  const dimensions = typeof body['dimensions'] === 'number' ? body['dimensions'] : 0;
  return answered(body, visit, (name, seed) => ({
    model: name,
    embeddings: inputs.map((input) => [...embed(input, dimensionsOf(dimensions), seed)]),
    // Without input nothing was done, and Go leaves out what is 0.
    ...(inputs.length === 0
      ? {}
      : {
          total_duration: 2_000_000,
          load_duration: 1_000_000,
          prompt_eval_count: inputs.reduce((total, input) => total + estimateTokens(input), 0),
        }),
  }));
}

/** `POST /api/embeddings`. Throws RequestRefused. */
export async function ollamaEmbeddings(body: JsonObject, visit: Visit): Promise<Response> {
  const prompt = text(body, 'prompt');
  return answered(body, visit, (_name, seed) => ({ embedding: prompt === '' ? [] : [...embed(prompt, DIMENSIONS_DEFAULT, seed)] }));
}

async function answered(body: JsonObject, visit: Visit, make: (name: string, seed: number) => object): Promise<Response> {
  const { name, faults } = askedModel(visit, readOllamaModel(body));
  const keepAliveMs = readKeepAlive(body);
  if (!isServed(visit.world.options, name)) return failureReply(ollamaModelUnknown(name), visit);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  keepLoaded(name, keepAliveMs, visit);
  return wholeReply(wholeOf(make(name, seedOf(visit, faults))), faults, visit);
}

function wholeOf(value: object): {
  headers: Readonly<Record<string, string>>;
  seed: number;
  tokenCount: number;
  body: string;
  failure: string;
} {
  return {
    headers: OLLAMA_JSON_HEADERS,
    seed: 1,
    tokenCount: 0,
    body: JSON.stringify(value),
    failure: failureBody(FAILURE_IN_BAND, 'ollama'),
  };
}

/** More than the model has are not made. */
function dimensionsOf(asked: number): number {
  return asked > 0 && asked < DIMENSIONS_DEFAULT ? asked : DIMENSIONS_DEFAULT;
}

function readInputs(given: unknown): readonly string[] {
  if (typeof given === 'string') return given === '' ? [] : [given];
  if (!Array.isArray(given)) return refuse('invalid input type');
  return given.map((entry: unknown) => (typeof entry === 'string' ? entry : refuse('invalid input type')));
}

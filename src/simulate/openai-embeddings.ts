/** `POST /v1/embeddings`: numbers, or base64 of 32-bit little-endian floats, which the official clients ask for by default. */
import { wholeReply } from './delivery.ts';
import { DIMENSIONS_DEFAULT, embed } from './embedding.ts';
import { FAILURE_IN_BAND, failureBody, insteadOfAnswer } from './failures.ts';
import type { JsonObject } from './json-instance.ts';
import { readPrompts } from './openai-completions.ts';
import { modelUnknown, readCount, readModel, refuse } from './openai-request.ts';
import { type EmbeddingList, JSON_HEADERS } from './openai-shapes.ts';
import { hash } from './text.ts';
import { askedModel, isServed, seedOf, type Visit } from './visit.ts';

/** Inputs in one request: the vendor's limit. */
const INPUTS_MAX = 2_048;
const DIMENSIONS_MAX = 4_096;

/** Throws RequestRefused; rejects when the client leaves. */
export async function embeddings(body: JsonObject, visit: Visit): Promise<Response> {
  const { name, faults } = askedModel(visit, readModel(body));
  if (!isServed(visit.world.options, name)) throw modelUnknown(name);
  const inputs = readPrompts(body['input'], 'input');
  if (inputs.length > INPUTS_MAX) refuse(`Invalid 'input': at most ${INPUTS_MAX} inputs.`, 'input');
  if (inputs.some((input) => input.text === '')) refuse("Invalid 'input': input cannot be an empty string.", 'input');
  const dimensions = readCount(body, 'dimensions') ?? DIMENSIONS_DEFAULT;
  if (dimensions > DIMENSIONS_MAX) refuse(`Invalid 'dimensions': at most ${DIMENSIONS_MAX}.`, 'dimensions');
  const tokens = inputs.reduce((total, input) => total + input.tokens, 0);
  const failed = await insteadOfAnswer(faults, visit, tokens);
  if (failed !== undefined) return failed;

  const seed = seedOf(visit, faults);
  const isBase64 = body['encoding_format'] === 'base64';
  const list: EmbeddingList = {
    object: 'list',
    data: inputs.map((input, index) => {
      const vector = embed(input.text, dimensions, seed);
      return { object: 'embedding', index, embedding: isBase64 ? base64Of(vector) : [...vector] };
    }),
    model: name,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
  const whole = {
    headers: JSON_HEADERS,
    seed: hash(inputs[0]?.text ?? '', seed),
    tokenCount: 1,
    body: JSON.stringify(list),
    failure: failureBody(FAILURE_IN_BAND, 'openai'),
  };
  return wholeReply(whole, faults, visit);
}

function base64Of(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}

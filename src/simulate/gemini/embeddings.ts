/** `:embedContent` and `:batchEmbedContents`, and `:predict`, by which Vertex AI embeds. */
import { wholeReply } from '../delivery.ts';
import { DIMENSIONS_DEFAULT, embed } from '../embedding.ts';
import { insteadOfAnswer } from '../failures.ts';
import { isObject, type JsonObject } from '../json-instance.ts';
import { estimateTokens, hash } from '../text.ts';
import { seedOf } from '../visit.ts';
import { askModel, type GeminiCall } from './call.ts';
import { listOf } from './conversation.ts';
import { FAILURE_BODY, GEMINI_JSON_HEADERS, jsonText } from './generate.ts';
import { readProto, refuseField, refuseGemini } from './proto.ts';
import { numberOf } from './request.ts';

/** Requests in one batch: the vendor's limit. */
const BATCH_MAX = 100;
/** Texts in one prediction: the vendor's limit. */
const INSTANCES_MAX = 250;
const DIMENSIONS_MAX = 3_072;

interface Input {
  readonly text: string;
  readonly dimensions: number;
}

/** Throws RequestRefused. */
export function embedContent(call: GeminiCall, given: unknown): Promise<Response> {
  const body = readProto('EmbedContentRequest', given);
  return embedded(call, [inputOf(body, 'EmbedContentRequest')], ([values]) => ({ embedding: { values } }));
}

/** Throws RequestRefused. */
export function batchEmbedContents(call: GeminiCall, given: unknown): Promise<Response> {
  const body = readProto('BatchEmbedContentsRequest', given);
  const requests = listOf(body['requests']);
  if (requests.length === 0) refuseField('BatchEmbedContentsRequest.requests', 'requests is not specified');
  if (requests.length > BATCH_MAX) refuseField('BatchEmbedContentsRequest.requests', `at most ${BATCH_MAX} requests can be in one batch`);
  const inputs = requests.map((request, index) => {
    const place = `BatchEmbedContentsRequest.requests[${index}]`;
    const { model } = request;
    if (typeof model !== 'string' || model === '') refuseField(`${place}.model`, 'model is not specified');
    if (model !== `models/${call.model}`) refuseField(`${place}.model`, `model must match the model of the batch, models/${call.model}`);
    return inputOf(request, place);
  });
  return embedded(call, inputs, (vectors) => ({ embeddings: vectors.map((values) => ({ values })) }));
}

/** Throws RequestRefused. */
export function predict(call: GeminiCall, given: unknown): Promise<Response> {
  const body = readProto('PredictRequest', given);
  const instances = listOf(body['instances']);
  const parameters = isObject(body['parameters']) ? body['parameters'] : {};
  if (instances.length === 0) refuseGemini('Request contains an invalid argument: instances must not be empty.');
  if (instances.length > INSTANCES_MAX) refuseGemini(`${instances.length} instance(s) is over the limit of ${INSTANCES_MAX}.`);
  const dimensions = dimensionsOf(parameters['outputDimensionality'], 'parameters.outputDimensionality');
  const inputs = instances.map(({ content }) => {
    if (typeof content !== 'string' || content === '') return refuseGemini('The text content is empty.');
    return { text: content, dimensions };
  });
  return embedded(call, inputs, (vectors) => ({
    predictions: vectors.map((values, index) => ({
      embeddings: { values, statistics: { truncated: false, token_count: estimateTokens(inputs[index]?.text ?? '') } },
    })),
    metadata: { billableCharacterCount: inputs.reduce((total, { text }) => total + text.replaceAll(/\s/g, '').length, 0) },
  }));
}

function inputOf(request: JsonObject, place: string): Input {
  const parts = listOf(isObject(request['content']) ? request['content']['parts'] : undefined);
  const text = parts.map((part) => (typeof part['text'] === 'string' ? part['text'] : JSON.stringify(part))).join('\n');
  if (text === '') refuseField(`${place}.content`, 'content is empty.');
  const config = isObject(request['embedContentConfig']) ? request['embedContentConfig'] : {};
  return {
    text,
    dimensions: dimensionsOf(request['outputDimensionality'] ?? config['outputDimensionality'], `${place}.output_dimensionality`),
  };
}

function dimensionsOf(given: unknown, place: string): number {
  const dimensions = numberOf(given) ?? DIMENSIONS_DEFAULT;
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > DIMENSIONS_MAX) {
    refuseField(place, `output_dimensionality must be between 1 and ${DIMENSIONS_MAX}.`);
  }
  return dimensions;
}

type Worded = (vectors: readonly (readonly number[])[]) => object;

async function embedded(call: GeminiCall, inputs: readonly Input[], worded: Worded): Promise<Response> {
  const { visit } = call;
  const { faults } = askModel(call);
  const failed = await insteadOfAnswer(
    faults,
    visit,
    inputs.reduce((total, { text }) => total + estimateTokens(text), 0),
  );
  if (failed !== undefined) return failed;
  const seed = seedOf(visit, faults);
  const vectors = inputs.map(({ text, dimensions }) => [...embed(text, dimensions, seed)]);
  const whole = {
    headers: GEMINI_JSON_HEADERS,
    seed: hash(inputs[0]?.text ?? '', seed),
    tokenCount: 1,
    body: jsonText(worded(vectors)),
    failure: FAILURE_BODY,
  };
  return wholeReply(whole, faults, visit);
}

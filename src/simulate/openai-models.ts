/** `GET /v1/models` and `GET /v1/models/{id}`, for OpenAI's callers and for Anthropic's. An id may contain slashes. */
import { anthropicModel, anthropicModels, asksAnthropic } from './anthropic/models.ts';
import { wholeReply } from './delivery.ts';
import { FAILURE_IN_BAND, failureBody, insteadOfAnswer } from './failures.ts';
import { FIXED_MODEL } from './fixed.ts';
import { modelUnknown } from './openai-request.ts';
import { CREATED, JSON_HEADERS, type ModelRow } from './openai-shapes.ts';
import { askedModel, faultsOf, isServed, type Visit } from './visit.ts';

const PATH = '/v1/models/';

export async function models(visit: Visit): Promise<Response> {
  if (asksAnthropic(visit)) return anthropicModels(visit);
  const faults = faultsOf(visit);
  const data = [...visit.world.options.models, FIXED_MODEL].map(rowOf);
  return (await insteadOfAnswer(faults, visit)) ?? wholeReply(wholeOf({ object: 'list', data }), faults, visit);
}

/** Throws RequestRefused. */
export async function model(visit: Visit): Promise<Response> {
  const id = decodeURIComponent(visit.path.slice(PATH.length));
  if (asksAnthropic(visit)) return anthropicModel(visit, id);
  const { name, faults } = askedModel(visit, id);
  if (name !== FIXED_MODEL && !isServed(visit.world.options, name)) throw modelUnknown(name);
  return (await insteadOfAnswer(faults, visit)) ?? wholeReply(wholeOf(rowOf(name)), faults, visit);
}

function rowOf(id: string): ModelRow {
  return { id, object: 'model', created: CREATED, owned_by: 'simulator' };
}

function wholeOf(value: unknown) {
  const failure = failureBody(FAILURE_IN_BAND, 'openai');
  return { headers: JSON_HEADERS, seed: 1, tokenCount: 0, body: JSON.stringify(value), failure };
}

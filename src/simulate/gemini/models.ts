/** The models, listed page by page, and one of them. */
import { wholeReply } from '../delivery.ts';
import { insteadOfAnswer } from '../failures.ts';
import type { Faults } from '../faults.ts';
import { faultsOf } from '../visit.ts';
import { askModel, type GeminiCall } from './call.ts';
import { FAILURE_BODY, GEMINI_JSON_HEADERS, jsonText } from './generate.ts';
import { refuseGemini } from './proto.ts';
import { isThirdGeneration } from './request.ts';

const PAGE_DEFAULT = 50;
const PAGE_MAX = 1_000;

/** Throws RequestRefused. */
export async function listModels(call: GeminiCall): Promise<Response> {
  const { visit, isVertex } = call;
  const faults = faultsOf(visit);
  const query = new URLSearchParams(visit.query);
  const size = Number(query.get('pageSize') ?? PAGE_DEFAULT);
  const start = Number(query.get('pageToken') ?? 0);
  if (!Number.isInteger(size) || size < 0)
    refuseGemini(`Invalid value at 'page_size' (TYPE_INT32), ${JSON.stringify(query.get('pageSize'))}`);
  if (!Number.isInteger(start) || start < 0) refuseGemini('The page token is invalid.');
  const end = start + Math.min(size === 0 ? PAGE_DEFAULT : size, PAGE_MAX);
  const names = visit.world.options.models;
  const rows = names.slice(start, end).map((name) => rowOf(name, isVertex));
  const next = end < names.length ? { nextPageToken: String(end) } : {};
  return told({ [isVertex ? 'publisherModels' : 'models']: rows, ...next }, faults, call);
}

/** Throws RequestRefused. */
export async function showModel(call: GeminiCall): Promise<Response> {
  const { name, faults } = askModel(call);
  return told(rowOf(name, call.isVertex), faults, call);
}

function rowOf(name: string, isVertex: boolean): object {
  if (isVertex)
    return { name: `publishers/google/models/${name}`, versionId: 'default', launchStage: 'GA', openSourceCategory: 'PROPRIETARY' };
  return {
    name: `models/${name}`,
    version: '001',
    displayName: name,
    description: 'A simulated model.',
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ['generateContent', 'countTokens', 'embedContent'],
    temperature: 1,
    topP: 0.95,
    topK: 64,
    maxTemperature: 2,
    ...(isThirdGeneration(name) ? { thinking: true } : {}),
  };
}

async function told(value: unknown, faults: Faults, { visit }: GeminiCall): Promise<Response> {
  const failed = await insteadOfAnswer(faults, visit);
  const whole = { headers: GEMINI_JSON_HEADERS, seed: 1, tokenCount: 0, body: jsonText(value), failure: FAILURE_BODY };
  return failed ?? wholeReply(whole, faults, visit);
}

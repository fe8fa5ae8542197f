/**
 * `GET /v1/models` and `GET /v1/models/{id}` as Anthropic answers them. The paths are OpenAI's too: whoever sends Anthropic's version or its key
 * header means this API.
 */
import { wholeReply } from '../delivery.ts';
import { failureBody, failureReply, insteadOfAnswer } from '../failures.ts';
import type { Faults } from '../faults.ts';
import { FIXED_MODEL } from '../fixed.ts';
import { CREATED, JSON_HEADERS } from '../openai-shapes.ts';
import { askedModel, faultsOf, isServed, type Visit } from '../visit.ts';
import { ANTHROPIC_WORDS, requestId } from './failure-words.ts';

export function asksAnthropic({ request }: Visit): boolean {
  return request.headers.has('anthropic-version') || request.headers.has('x-api-key');
}

interface Support {
  supported: boolean;
}

export interface ModelInfo {
  id: string;
  type: 'model';
  display_name: string;
  created_at: string;
  lifecycle: 'active';
  line: null;
  deprecated_at: null;
  retires_at: null;
  max_input_tokens: number;
  max_tokens: number;
  capabilities: {
    batch: Support;
    citations: Support;
    code_execution: Support;
    context_management: Support & { clear_thinking_20251015: Support; clear_tool_uses_20250919: Support; compact_20260112: Support };
    effort: Support & { low: Support; medium: Support; high: Support; xhigh: Support; max: Support };
    image_input: Support;
    pdf_input: Support;
    server_tools: Support & { code_execution: Support; web_search: Support };
    structured_outputs: Support;
    thinking: Support & { types: { adaptive: Support; between_tools: Support; disabled: Support; enabled: Support } };
  };
}

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 1_000;

/** Never throws: a failure is told in Anthropic's shape. */
export async function anthropicModels(openAiVisit: Visit): Promise<Response> {
  const visit: Visit = { ...openAiVisit, shape: 'anthropic' };
  const query = new URLSearchParams(visit.query);
  const limit = Number(query.get('limit') ?? LIMIT_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
    return failureReply({ status: 400, message: `limit: Input should be between 1 and ${LIMIT_MAX}` }, visit);
  const names = [...visit.world.options.models, FIXED_MODEL];
  const page = pageOf(names, { limit, after: query.get('after_id'), before: query.get('before_id') });
  const listed = {
    data: page.names.map(infoOf),
    has_more: page.hasMore,
    first_id: page.names[0] ?? null,
    last_id: page.names.at(-1) ?? null,
  };
  return reply(listed, faultsOf(visit), visit);
}

/** Never throws. */
export async function anthropicModel(openAiVisit: Visit, id: string): Promise<Response> {
  const visit: Visit = { ...openAiVisit, shape: 'anthropic' };
  const { name, faults } = askedModel(visit, id);
  if (name !== FIXED_MODEL && !isServed(visit.world.options, name)) return failureReply({ status: 404, message: `model: ${name}` }, visit);
  return reply(infoOf(name), faults, visit);
}

interface PageAsked {
  readonly limit: number;
  readonly after: string | null;
  readonly before: string | null;
}

function pageOf(
  names: readonly string[],
  { limit, after, before }: PageAsked,
): { readonly names: readonly string[]; readonly hasMore: boolean } {
  if (before !== null) {
    const earlier = names.slice(0, Math.max(0, names.indexOf(before)));
    return { names: earlier.slice(-limit), hasMore: earlier.length > limit };
  }
  const later = after === null ? names : names.slice(names.indexOf(after) + 1);
  return { names: later.slice(0, limit), hasMore: later.length > limit };
}

const YES: Support = { supported: true };
const NO: Support = { supported: false };

function infoOf(id: string): ModelInfo {
  return {
    id,
    type: 'model',
    display_name: id,
    created_at: new Date(CREATED * 1_000).toISOString(),
    lifecycle: 'active',
    line: null,
    deprecated_at: null,
    retires_at: null,
    max_input_tokens: 200_000,
    max_tokens: 64_000,
    capabilities: {
      batch: NO,
      citations: YES,
      code_execution: NO,
      context_management: { ...NO, clear_thinking_20251015: NO, clear_tool_uses_20250919: NO, compact_20260112: NO },
      effort: { ...YES, low: YES, medium: YES, high: YES, xhigh: YES, max: YES },
      image_input: YES,
      pdf_input: YES,
      server_tools: { ...NO, code_execution: NO, web_search: NO },
      structured_outputs: YES,
      thinking: { ...YES, types: { adaptive: YES, between_tools: NO, disabled: YES, enabled: YES } },
    },
  };
}

async function reply(value: object, faults: Faults, visit: Visit): Promise<Response> {
  const body = JSON.stringify(value);
  const headers = { ...JSON_HEADERS, 'request-id': requestId(body) };
  const whole = { headers, seed: 1, tokenCount: 0, body, failure: failureBody(ANTHROPIC_WORDS.inBand, 'anthropic') };
  return (await insteadOfAnswer(faults, visit)) ?? wholeReply(whole, faults, visit);
}

/* The response as an object: what frames the answer's items, with the request's fields repeated as the API does. */

import type { ChatRequest, FinishReason } from '../../operations/chat.ts';
import type { Usage } from '../../operations/usage.ts';
import type { EncodeFacts } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { writeSettings } from './request-encode.ts';
import { writeReasoning, writeText } from './settings.ts';
import { writeUsage } from './usage.ts';

export interface ResponseFrame {
  readonly id: string;
  readonly model: string | undefined;
  /** Wall milliseconds. */
  readonly createdAtMs: number | undefined;
  readonly serviceTier?: string | undefined;
}

/** How it stands with the answer. */
export type ResponseState =
  | { readonly kind: 'in-progress' }
  | { readonly kind: 'ended'; readonly finish: FinishReason; readonly output: readonly unknown[]; readonly usage: Usage | undefined };

export function responseObject(frame: ResponseFrame, facts: EncodeFacts, state: ResponseState): Record<string, unknown> {
  const reason = state.kind === 'ended' ? reasonOf(state) : undefined;
  const { nowMs, request } = facts;
  const ended = state.kind === 'ended' ? state : undefined;
  return {
    id: frame.id,
    object: 'response',
    created_at: Math.floor((frame.createdAtMs ?? nowMs) / 1_000),
    status: ended === undefined ? 'in_progress' : reason === undefined ? 'completed' : 'incomplete',
    background: false,
    completed_at: ended === undefined || reason !== undefined ? null : Math.floor(Math.max(nowMs, frame.createdAtMs ?? 0) / 1_000),
    error: null,
    incomplete_details: reason === undefined ? null : { reason },
    ...echo(request),
    ...(frame.serviceTier === undefined ? {} : { service_tier: frame.serviceTier }),
    model: frame.model ?? facts.model,
    output: ended?.output ?? [],
    usage: ended?.usage === undefined ? null : writeUsage(ended.usage),
  };
}

/** Ends that are not the model's own; for a full window there is no word but that of the limit. */
const INCOMPLETE: Readonly<Partial<Record<FinishReason, string>>> = {
  length: 'max_output_tokens',
  'context-length': 'max_output_tokens',
  'content-filter': 'content_filter',
};

/** A refusal that is not told in words would look like an answer of nothing: it is told as the filter's. */
function reasonOf({ finish, output }: ResponseState & { readonly kind: 'ended' }): string | undefined {
  if (finish !== 'refusal') return INCOMPLETE[finish];
  return output.some((item) => isRecord(item) && isRefusal(item['content'])) ? undefined : INCOMPLETE['content-filter'];
}

function isRefusal(content: unknown): boolean {
  return Array.isArray(content) && content.some((part: unknown) => isRecord(part) && part['type'] === 'refusal');
}

/** Order and defaults are those of the API. */
function echo(request: ChatRequest | undefined): Record<string, unknown> {
  const settings = request === undefined ? {} : writeSettings(request);
  const reasoning = request?.reasoning === undefined ? {} : writeReasoning(request.reasoning);
  return {
    instructions: instructionsOf(request),
    max_output_tokens: null,
    max_tool_calls: null,
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt_cache_key: null,
    safety_identifier: null,
    service_tier: null,
    temperature: null,
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    truncation: 'disabled',
    user: null,
    metadata: {},
    ...settings,
    reasoning: { effort: null, summary: null, ...reasoning },
    store: request?.store ?? true,
    text: { format: { type: 'text' }, ...(request === undefined ? {} : writeText(request)) },
    top_logprobs: request?.logProbabilities?.top ?? 0,
  };
}

function instructionsOf(request: ChatRequest | undefined): string | null {
  const first = request?.messages[0];
  if (first?.role !== 'system' || first.developer === true) return null;
  const [part, ...more] = first.parts;
  return part?.kind === 'text' && more.length === 0 ? part.text : null;
}

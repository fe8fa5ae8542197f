/*
 * The shapes of OpenAI's API that we answer in. Written down here and not imported, because the simulator is part of what is
 * shipped and the vendor's package is not; test/simulation holds them against the types of the `openai` package.
 */

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number; audio_tokens: number };
  completion_tokens_details: {
    reasoning_tokens: number;
    audio_tokens: number;
    accepted_prediction_tokens: number;
    rejected_prediction_tokens: number;
  };
}

export interface TokenLogprob {
  token: string;
  logprob: number;
  bytes: number[];
  top_logprobs: { token: string; logprob: number; bytes: number[] }[];
}

export interface Logprobs {
  content: TokenLogprob[] | null;
  refusal: TokenLogprob[] | null;
}

export interface WholeToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

export type FinishReason = 'stop' | 'length' | 'tool_calls';

export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: {
    index: number;
    message: { role: 'assistant'; content: string | null; tool_calls?: WholeToolCall[]; refusal: string | null; annotations: [] };
    logprobs: Logprobs | null;
    /** Null breaks the vendor's promise: `no-finish`. */
    finish_reason: FinishReason | null;
  }[];
  usage?: Usage;
  service_tier: 'default';
  system_fingerprint: string;
}

export interface ChatDelta {
  role?: 'assistant';
  content?: string | null;
  refusal?: string | null;
  tool_calls?: { index: number; id?: string; type?: 'function'; function: { name?: string; arguments: string } }[];
}

export interface ChatChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  service_tier: 'default';
  system_fingerprint: string;
  choices: { index: number; delta: ChatDelta; logprobs: Logprobs | null; finish_reason: FinishReason | null }[];
  usage?: Usage | null;
}

export interface TextCompletion {
  id: string;
  object: 'text_completion';
  created: number;
  model: string;
  choices: { text: string; index: number; logprobs: null; finish_reason: 'stop' | 'length' | null }[];
  usage?: Usage | null;
  system_fingerprint: string;
}

export interface EmbeddingList {
  object: 'list';
  data: { object: 'embedding'; index: number; embedding: number[] | string }[];
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
}

export interface ModelRow {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
}

export interface ImageUsage {
  input_tokens: number;
  input_tokens_details: { image_tokens: number; text_tokens: number };
  output_tokens: number;
  output_tokens_details: { image_tokens: number; text_tokens: number };
  total_tokens: number;
}

interface ImageSettings {
  background: 'transparent' | 'opaque';
  output_format: 'png' | 'jpeg' | 'webp';
  quality: 'low' | 'medium' | 'high';
  size: string;
}

export interface ImageReply extends Partial<ImageSettings> {
  created: number;
  data: { b64_json?: string; url?: string; revised_prompt?: string }[];
  usage?: ImageUsage;
}

export type ImageEvent = ImageSettings & { b64_json: string; created_at: number } & (
    | { type: `${'image_generation' | 'image_edit'}.partial_image`; partial_image_index: number }
    | { type: `${'image_generation' | 'image_edit'}.completed`; usage?: ImageUsage }
  );

export type SpeechEvent =
  | { type: 'speech.audio.delta'; audio: string }
  | { type: 'speech.audio.done'; usage?: { input_tokens: number; output_tokens: number; total_tokens: number } };

export interface TranscriptUsage {
  type: 'tokens';
  input_tokens: number;
  input_token_details: { text_tokens: number; audio_tokens: number };
  output_tokens: number;
  total_tokens: number;
}

export interface DurationUsage {
  type: 'duration';
  seconds: number;
}

export type TranscriptEvent =
  | { type: 'transcript.text.delta'; delta: string }
  | { type: 'transcript.text.done'; text: string; usage?: TranscriptUsage };

export interface ModerationReply {
  id: string;
  model: string;
  results: {
    flagged: boolean;
    categories: Record<string, boolean>;
    category_scores: Record<string, number>;
    category_applied_input_types: Record<string, readonly ('text' | 'image')[]>;
  }[];
}

export interface FileRow {
  readonly id: string;
  readonly object: 'file';
  readonly bytes: number;
  readonly created_at: number;
  readonly expires_at?: number;
  readonly filename: string;
  readonly purpose: string;
  readonly status: 'processed';
}

export interface UploadRow {
  readonly id: string;
  readonly object: 'upload';
  readonly bytes: number;
  readonly created_at: number;
  readonly expires_at: number;
  readonly filename: string;
  readonly purpose: string;
  status: 'pending' | 'completed' | 'cancelled';
  file?: FileRow;
}

export interface BatchProblem {
  readonly code: string;
  readonly line: number | null;
  readonly message: string;
  readonly param: string | null;
}

export type BatchStatus = 'validating' | 'failed' | 'in_progress' | 'finalizing' | 'completed' | 'cancelling' | 'cancelled';

/** Changed in place as the batch goes on. */
export interface BatchRow {
  readonly id: string;
  readonly object: 'batch';
  readonly endpoint: string;
  model?: string;
  errors: { readonly object: 'list'; readonly data: readonly BatchProblem[] } | null;
  readonly input_file_id: string;
  readonly completion_window: '24h';
  status: BatchStatus;
  output_file_id: string | null;
  error_file_id: string | null;
  readonly created_at: number;
  in_progress_at: number | null;
  readonly expires_at: number;
  finalizing_at: number | null;
  completed_at: number | null;
  failed_at: number | null;
  readonly expired_at: null;
  cancelling_at: number | null;
  cancelled_at: number | null;
  readonly request_counts: { total: number; completed: number; failed: number };
  usage?: BatchUsage;
  readonly metadata: object | null;
}

export interface BatchUsage {
  input_tokens: number;
  input_tokens_details: { cached_tokens: number };
  output_tokens: number;
  output_tokens_details: { reasoning_tokens: number };
  total_tokens: number;
}

export function usageOf(promptTokens: number, completionTokens: number): Usage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  };
}

/** Unix seconds of every reply: 1 January 2026, for a reply that depends on the day could not be repeated. */
export const CREATED = 1_767_225_600;

export const SSE_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' } as const;
export const JSON_HEADERS = { 'content-type': 'application/json' } as const;

export function sseEvent(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

export const DONE = 'data: [DONE]\n\n';

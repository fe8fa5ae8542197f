/*
 * The shapes of OpenAI's Responses API that we answer in. Written down here and not imported, because the simulator is part of what is
 * shipped and the vendor's package is not; test/simulation holds them against the types of the `openai` package.
 */
import type { TokenLogprob } from '../openai-shapes.ts';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export type ContentPart =
  | { type: 'output_text'; annotations: []; logprobs: TokenLogprob[]; text: string }
  | { type: 'refusal'; refusal: string };

export interface SummaryPart {
  type: 'summary_text';
  text: string;
}

export interface MessageItem {
  id: string;
  type: 'message';
  status: ItemStatus;
  content: ContentPart[];
  role: 'assistant';
}

export interface ReasoningItem {
  id: string;
  type: 'reasoning';
  summary: SummaryPart[];
  encrypted_content?: string;
}

export interface FunctionCallItem {
  id: string;
  type: 'function_call';
  status: ItemStatus;
  arguments: string;
  call_id: string;
  name: string;
}

export interface CustomCallItem {
  id: string;
  type: 'custom_tool_call';
  status: ItemStatus;
  call_id: string;
  input: string;
  name: string;
}

export type OutputItem = MessageItem | ReasoningItem | FunctionCallItem | CustomCallItem;

export interface ResponseUsage {
  input_tokens: number;
  input_tokens_details: { cached_tokens: number; cache_write_tokens: number };
  output_tokens: number;
  output_tokens_details: { reasoning_tokens: number };
  total_tokens: number;
}

export type ResponseStatus = 'in_progress' | 'completed' | 'incomplete' | 'failed';

export interface ResponseFailure {
  code: 'server_error';
  message: string;
}

/** What is said of the request in every state of its answer. */
export interface ResponseEcho {
  access_programs: null;
  background: false;
  instructions: string | null;
  max_output_tokens: number | null;
  max_tool_calls: number | null;
  model: string;
  parallel_tool_calls: boolean;
  previous_response_id: string | null;
  prompt_cache_key: string | null;
  reasoning: { effort: string | null; summary: string | null };
  safety_identifier: string | null;
  service_tier: string;
  store: boolean;
  temperature: number;
  text: { format: unknown; verbosity: string };
  tool_choice: unknown;
  tools: unknown[];
  top_logprobs: number;
  top_p: number;
  truncation: string;
  user: string | null;
  metadata: unknown;
}

export interface ResponseObject extends ResponseEcho {
  id: string;
  object: 'response';
  created_at: number;
  /** Missing breaks the vendor's promise: `no-finish`. */
  status?: ResponseStatus;
  completed_at: number | null;
  error: ResponseFailure | null;
  incomplete_details: { reason: 'max_output_tokens' } | null;
  output: OutputItem[];
  usage: ResponseUsage | null;
}

interface InItem {
  item_id: string;
  output_index: number;
}
interface InPart extends InItem {
  content_index: number;
}
interface InSummary extends InItem {
  summary_index: number;
}

/** An event before it is numbered. */
export type ResponseEvent =
  | { type: 'response.created' | 'response.in_progress'; response: ResponseObject }
  | { type: 'response.completed' | 'response.incomplete' | 'response.failed'; response: ResponseObject }
  | { type: 'response.output_item.added' | 'response.output_item.done'; output_index: number; item: OutputItem }
  | ({ type: 'response.content_part.added' | 'response.content_part.done'; part: ContentPart } & InPart)
  | ({ type: 'response.output_text.delta'; delta: string; logprobs: TokenLogprob[]; obfuscation?: string } & InPart)
  | ({ type: 'response.output_text.done'; text: string; logprobs: TokenLogprob[] } & InPart)
  | ({ type: 'response.refusal.delta'; delta: string; obfuscation?: string } & InPart)
  | ({ type: 'response.refusal.done'; refusal: string } & InPart)
  | ({ type: 'response.reasoning_summary_part.added' | 'response.reasoning_summary_part.done'; part: SummaryPart } & InSummary)
  | ({ type: 'response.reasoning_summary_text.delta'; delta: string; obfuscation?: string } & InSummary)
  | ({ type: 'response.reasoning_summary_text.done'; text: string } & InSummary)
  | ({ type: 'response.function_call_arguments.delta'; delta: string; obfuscation?: string } & InItem)
  | ({ type: 'response.function_call_arguments.done'; arguments: string } & InItem)
  | ({ type: 'response.custom_tool_call_input.delta'; delta: string; obfuscation?: string } & InItem)
  | ({ type: 'response.custom_tool_call_input.done'; input: string } & InItem)
  | { type: 'error'; error: { type: string; code: string; message: string; param: null } };

export type NumberedEvent = ResponseEvent & { sequence_number: number };

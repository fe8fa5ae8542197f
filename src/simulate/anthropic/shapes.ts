/*
 * The shapes of Anthropic's Messages API that we answer in. Written down here and not imported, because the simulator is part of what is
 * shipped and the vendor's package is not; test/simulation holds them against the types of `@anthropic-ai/sdk`.
 */

interface TextCitationBase {
  cited_text: string;
  document_index: number;
  document_title: string | null;
  file_id: null;
}

export type TextCitation =
  | (TextCitationBase & { type: 'char_location'; start_char_index: number; end_char_index: number })
  | (TextCitationBase & { type: 'page_location'; start_page_number: number; end_page_number: number })
  | (TextCitationBase & { type: 'content_block_location'; start_block_index: number; end_block_index: number })
  | {
      type: 'search_result_location';
      cited_text: string;
      search_result_index: number;
      source: string;
      title: string | null;
      start_block_index: number;
      end_block_index: number;
    };

const DIRECT = 'direct';
/** Who calls a tool: the model itself, and not code that it runs. */
export const BY_MODEL = { type: DIRECT } as const;

export type ContentBlock =
  | { type: 'text'; text: string; citations?: TextCitation[] }
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'redacted_thinking'; data: string }
  | { type: 'tool_use'; id: string; name: string; input: unknown; caller: typeof BY_MODEL };

export type BlockDelta =
  | { type: 'text_delta'; text: string }
  | { type: 'input_json_delta'; partial_json: string }
  | { type: 'thinking_delta'; thinking: string }
  | { type: 'signature_delta'; signature: string }
  | { type: 'citations_delta'; citation: TextCitation };

export type StopReason = 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use' | 'pause_turn' | 'refusal';

export interface StopDetails {
  type: 'refusal';
  category: 'general_harms';
  explanation: string;
}

interface OutputDetails {
  thinking_tokens: number;
}

export interface Usage {
  input_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
  cache_creation: { ephemeral_5m_input_tokens: number; ephemeral_1h_input_tokens: number };
  output_tokens: number;
  output_tokens_details: OutputDetails | null;
  inference_geo: string | null;
  server_tool_use: null;
  service_tier: 'standard';
  speed: 'standard';
}

export interface DeltaUsage {
  input_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
  output_tokens: number;
  output_tokens_details: OutputDetails | null;
  server_tool_use: null;
}

export interface Message {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: ContentBlock[];
  stop_reason: StopReason | null;
  stop_sequence: string | null;
  stop_details: StopDetails | null;
  container: null;
  diagnostics: null;
  /** Missing breaks the vendor's promise: `no-usage`. */
  usage?: Usage;
}

export type StreamEvent =
  | { type: 'message_start'; message: Message }
  | { type: 'ping' }
  | { type: 'content_block_start'; index: number; content_block: ContentBlock }
  | { type: 'content_block_delta'; index: number; delta: BlockDelta }
  | { type: 'content_block_stop'; index: number }
  | {
      type: 'message_delta';
      delta: { stop_reason: StopReason | null; stop_sequence: string | null; stop_details: StopDetails | null; container: null };
      usage?: DeltaUsage;
    }
  | { type: 'message_stop' };

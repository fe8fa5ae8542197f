/*
 * The bytes that the bench sends and that its upstream answers: the shapes and sizes of OpenAI's, always the same.
 *   chat request ≈ 600 bytes, chat reply ≈ 700 bytes, stream chunk ≈ 200 bytes, service request and reply 1 KB each.
 */

export const MODEL = 'bench-model';

const MESSAGES = [
  {
    role: 'system',
    content:
      'You are a careful assistant for the people of a small library. Answer in plain words, name the shelf where a book stands, and say so when you do not know. Never invent a title.',
  },
  {
    role: 'user',
    content:
      'I am looking for a book about lighthouses on the northern coast, with drawings of how the lamps were built and who kept them. My daughter is eleven and reads well above her age. What should we begin with, and where do we find it?',
  },
];

/** A chat request for a whole answer; deterministic, so that an exact cache may keep it. */
export const CHAT_REQUEST = JSON.stringify({ model: MODEL, temperature: 0, max_tokens: 256, messages: MESSAGES });

export const CHAT_REPLY = JSON.stringify({
  id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
  object: 'chat.completion',
  created: 1_763_510_400,
  model: MODEL,
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content:
          'Begin with the tall picture book on the second shelf by the window, under coast and sea. It shows each lamp cut open, and has a page on every keeper whose name is known. I do not know of a longer one here, but the desk can ask the harbour town for theirs.',
        refusal: null,
        annotations: [],
      },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 112,
    completion_tokens: 61,
    total_tokens: 173,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  },
  service_tier: 'default',
  system_fingerprint: 'fp_b1e05e1b2c',
});

export interface StreamShape {
  /** Events that carry a piece of content; the role, the finish and `[DONE]` come on top. */
  readonly contentEvents: number;
  readonly intervalMs: number;
}

/** A chat request for a stream. `max_tokens` and `user` tell the bench's upstream how long and how fast. */
export function streamRequest(shape: StreamShape): string {
  return JSON.stringify({
    model: MODEL,
    stream: true,
    max_tokens: shape.contentEvents,
    user: `every-${shape.intervalMs}-ms`,
    messages: MESSAGES,
  });
}

/** Events of a stream whose client did not ask for usage: role, content, finish, `[DONE]`. */
export function eventsOf(shape: StreamShape): number {
  return shape.contentEvents + 3;
}

/** The same question as `streamRequest`, in Anthropic's words. */
export function anthropicStreamRequest(shape: StreamShape): string {
  const [system, ...messages] = MESSAGES;
  return JSON.stringify({
    model: MODEL,
    stream: true,
    max_tokens: shape.contentEvents,
    metadata: { user_id: `every-${shape.intervalMs}-ms` },
    system: system?.content,
    messages,
  });
}

/** As Anthropic sends them: `message_start`, `content_block_start`, `ping`, and three at the end. */
export function anthropicEventsOf(shape: StreamShape): number {
  return shape.contentEvents + 6;
}

/** As the gateway writes them: without the `ping`. */
export function crossedAnthropicEventsOf(shape: StreamShape): number {
  return shape.contentEvents + 5;
}

export function anthropicEvent(event: { readonly type: string } & Record<string, unknown>): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

export const ANTHROPIC_START = [
  {
    type: 'message_start',
    message: {
      id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
      type: 'message',
      role: 'assistant',
      model: MODEL,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 112, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'ping' },
] as const;

export const ANTHROPIC_END = [
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 64 } },
  { type: 'message_stop' },
] as const;

export const MESSAGES_END = '{"type":"message_stop"}\n\n';
export const STREAM_END = 'data: [DONE]\n\n';

/** One event of a stream. With `usageAsked` every chunk says `"usage":null`, as OpenAI's do when the usage comes last. */
export function streamEvent(delta: object, finishReason: string | null, usageAsked: boolean): string {
  const chunk = {
    id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
    object: 'chat.completion.chunk',
    created: 1_763_510_400,
    model: MODEL,
    service_tier: 'default',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
    ...(usageAsked ? { usage: null } : {}),
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

export function usageEvent(completionTokens: number): string {
  const chunk = {
    id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
    object: 'chat.completion.chunk',
    created: 1_763_510_400,
    model: MODEL,
    service_tier: 'default',
    choices: [],
    usage: { prompt_tokens: 112, completion_tokens: completionTokens, total_tokens: 112 + completionTokens },
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

/** The inference lab's load test sends this, and nothing but this. */
export const INFER_REQUEST = JSON.stringify({ prompt: 'hello world' });

export const SERVICE_PATH = '/api/v1/infer';
export const SERVICE_REQUEST = oneKilobyte({ input: '', options: { top_k: 5 } }, 'input');
export const SERVICE_REPLY = oneKilobyte({ labels: ['lighthouse', 'harbour', 'coast'], scores: [0.91, 0.06, 0.03], trace: '' }, 'trace');

function oneKilobyte(value: Record<string, unknown>, filled: string): string {
  const missing = 1_024 - JSON.stringify(value).length;
  return JSON.stringify({ ...value, [filled]: 'abcdefghijklmnopqrstuvwxyz012345'.repeat(32).slice(0, missing) });
}

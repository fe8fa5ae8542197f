/*
 * A chat in our words: what every chat dialect is decoded into and encoded from, where caller and target do not speak the same one. On the way
 * between two that do, nothing here is made.
 *
 * It holds what at least two dialects can say. What a caller said beyond that is named in `unread`, so that nothing is lost in silence.
 */

import type { Usage } from './usage.ts';

export interface ChatRequest {
  /** In the order of the conversation. `system` messages mostly stand first, but may stand anywhere. At least one. */
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ChatTool[];
  readonly toolChoice?: ToolChoice;
  /** Whether the model may call several tools at once; absent: as the target likes it. */
  readonly parallelToolCalls?: boolean;
  readonly output?: OutputFormat;
  readonly reasoning?: ReasoningWish;
  /** 0 to 2, as OpenAI scales it; dialects that end at 1 are told the least of both. */
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  /** -2 to 2. */
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  /** Tokens, reasoning included. */
  readonly outputTokensMax?: number;
  /** How many answers; absent: 1. */
  readonly choices?: number;
  /** Log probabilities of the answer's tokens, and of so many alternatives each (0 to 20). */
  readonly logProbabilities?: { readonly top: number };
  readonly logitBias?: Readonly<Record<string, number>>;
  /** The caller's end user. */
  readonly user?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly serviceTier?: string;
  readonly verbosity?: 'low' | 'medium' | 'high';
  readonly promptCacheKey?: string;
  readonly store?: boolean;
  /** Fields of the caller's body that this form has no place for, as paths (`logprobs`, `messages[].name`), each once. */
  readonly unread: readonly string[];
}

/** Tool results are messages of their own, with nothing but `tool-result` parts; a dialect that puts them into the user's turn parts them on decoding. */
export type ChatRole = 'system' | 'user' | 'assistant' | 'tool';

export interface ChatMessage {
  readonly role: ChatRole;
  readonly parts: readonly ChatPart[];
  /** Who speaks, among several of the same role. */
  readonly name?: string;
  /** A `system` message of the application's developer (OpenAI's role `developer`). */
  readonly developer?: true;
}

export type ChatPart =
  | TextPart
  | ImagePart
  | FilePart
  | AudioPart
  | VideoPart
  | ReasoningPart
  | RefusalPart
  | ToolCallPart
  | ToolResultPart
  | NativePart;

export interface TextPart {
  readonly kind: 'text';
  readonly text: string;
  readonly citations?: readonly Citation[];
  readonly cache?: CacheMark;
}

export interface ImagePart {
  readonly kind: 'image';
  readonly source: MediaSource;
  /** How closely to look: OpenAI's word. */
  readonly detail?: string;
  readonly cache?: CacheMark;
}

/** A document: PDF, text, and the like. */
export interface FilePart {
  readonly kind: 'file';
  readonly source: MediaSource;
  readonly name?: string;
  /** What the model should know about it. */
  readonly context?: string;
  /** The answer is to cite it. */
  readonly citable?: boolean;
  readonly cache?: CacheMark;
}

export interface AudioPart {
  readonly kind: 'audio';
  readonly source: MediaSource;
  /** What is said in it, where an answer has both. */
  readonly transcript?: string;
}

export interface VideoPart {
  readonly kind: 'video';
  readonly source: MediaSource;
}

/** What the model thought. With neither text nor signature it says nothing. */
export interface ReasoningPart {
  readonly kind: 'reasoning';
  /** Empty where the vendor shows nothing but a sealed form of it. */
  readonly text: string;
  readonly signature?: Signature;
  /** The signature is the sealed thought itself (Anthropic's `redacted_thinking`, OpenAI's `encrypted_content`). */
  readonly sealed?: true;
  /** The vendor's own id of it, needed where it is sent back. */
  readonly id?: string;
}

export interface RefusalPart {
  readonly kind: 'refusal';
  readonly text: string;
}

export interface ToolCallPart {
  readonly kind: 'tool-call';
  readonly id: string;
  readonly name: string;
  /** JSON as the model wrote it, which may be none; of a custom tool, its plain input. */
  readonly arguments: string;
  /** The tool takes text instead of JSON. */
  readonly custom?: true;
  readonly signature?: Signature;
  readonly cache?: CacheMark;
}

export interface ToolResultPart {
  readonly kind: 'tool-result';
  readonly callId: string;
  /** Name of the tool, where the caller's dialect says so, or the call that it answers does. */
  readonly name?: string;
  /** Text, images, files. */
  readonly parts: readonly ChatPart[];
  readonly failed?: true;
  readonly custom?: true;
  readonly cache?: CacheMark;
}

/** What one dialect alone has a word for, as it stood there: it survives on the way to that dialect only. */
export interface NativePart {
  readonly kind: 'native';
  readonly dialect: string;
  readonly value: unknown;
}

export type MediaSource =
  | { readonly kind: 'data' /** Media type, lower case. */; readonly media: string; readonly base64: string }
  | { readonly kind: 'url'; readonly url: string; readonly media?: string }
  /** A file that was uploaded to the vendor, whose dialect this is. */
  | { readonly kind: 'id'; readonly id: string; readonly dialect: string; readonly media?: string };

/** Opaque proof of a vendor that a thought is its own. Worth something in its own dialect alone. */
export interface Signature {
  readonly dialect: string;
  readonly value: string;
}

/** Up to here the prompt is worth keeping (Anthropic's `cache_control`, Bedrock's `cachePoint`). */
export interface CacheMark {
  /** `5m` or `1h`; absent: the vendor's default. */
  readonly ttl?: string;
}

export type ChatTool =
  | {
      readonly kind: 'function';
      readonly name: string;
      readonly description?: string;
      /** JSON Schema of the arguments; absent: no arguments. */
      readonly parameters?: unknown;
      /** The arguments must fit the schema. */
      readonly strict?: boolean;
      readonly cache?: CacheMark;
    }
  /** Takes text instead of JSON (OpenAI's custom tools). */
  | { readonly kind: 'custom'; readonly name: string; readonly description?: string; readonly format?: unknown }
  /** One that the vendor runs itself (web search, code), as it stood in its dialect. */
  | { readonly kind: 'native'; readonly dialect: string; readonly name: string; readonly value: unknown };

export type ToolChoice =
  | { readonly kind: 'auto' | 'none' | 'required' }
  | { readonly kind: 'tool'; readonly name: string }
  /** One of these, and `required` or not. */
  | { readonly kind: 'allowed'; readonly names: readonly string[]; readonly required: boolean };

export type OutputFormat =
  | { readonly kind: 'json' }
  | {
      readonly kind: 'schema';
      readonly schema: unknown;
      readonly name?: string;
      readonly description?: string;
      readonly strict?: boolean;
    };

export interface ReasoningWish {
  /** False: none at all. */
  readonly enabled?: boolean;
  readonly effort?: 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';
  /** Tokens. */
  readonly budget?: number;
  /** The model decides itself how much (Gemini's budget -1, Anthropic's `adaptive`). */
  readonly dynamic?: true;
  /** Whether the thoughts, or a summary, are to be shown; a text where the dialect has kinds of them (`auto`, `concise`, `detailed`). */
  readonly shown?: boolean | string;
}

/** Where in the sources a statement comes from. */
export interface Citation {
  /** What of the text part it is about, in UTF-16 units; absent: all of it. */
  readonly start?: number;
  readonly end?: number;
  readonly citedText?: string;
  readonly title?: string;
  readonly url?: string;
  readonly document?: {
    /** Among the documents of the request, from 0. */
    readonly index: number;
    readonly id?: string;
    readonly unit: 'character' | 'page' | 'block';
    /** From 0 (pages: from 1), the end excluded. */
    readonly start: number;
    readonly end: number;
  };
  /** As it stood in its own dialect, for the way back into it. */
  readonly native?: { readonly dialect: string; readonly value: unknown };
}

export interface TokenLogProbability {
  readonly token: string;
  readonly logProbability: number;
  readonly bytes?: readonly number[];
  readonly top: readonly { readonly token: string; readonly logProbability: number; readonly bytes?: readonly number[] }[];
}

/**
 * `stop`: the model had said it all; `stop-sequence`: it wrote one of the caller's; `pause`: it wants to be asked to go on; `context-length`: the window
 * is full; `other`: none of these.
 */
export type FinishReason =
  | 'stop'
  | 'stop-sequence'
  | 'length'
  | 'tool-calls'
  | 'content-filter'
  | 'refusal'
  | 'pause'
  | 'context-length'
  | 'other';

export interface ChatReply {
  /** The upstream's id of the answer; absent where it gives none. */
  readonly id?: string;
  /** Who answered, as the upstream says. */
  readonly model?: string;
  /** Wall milliseconds; absent where the upstream does not say. */
  readonly createdAtMs?: number;
  /** At least one. */
  readonly choices: readonly ChatChoice[];
  readonly usage?: Usage;
  readonly serviceTier?: string;
}

export interface ChatChoice {
  readonly parts: readonly ChatPart[];
  readonly finish: FinishReason;
  /** The sequence that ended it, where the dialect tells. */
  readonly stopSequence?: string;
  readonly logProbabilities?: readonly TokenLogProbability[];
}

/*
 * How many tokens a chat is, about: its texts, its media, its tools, and what the vendor puts around each message. Pure, and bounded in time whatever
 * the chat (text-tokens.ts).
 *
 * The shapes are the least that is needed of a chat, so that whoever holds one in full can hand it in.
 */

import { IMAGE_HEAD_BYTES } from './image-size.ts';
import { type MediaKind, mediaTokens } from './media-tokens.ts';
import type { ImageCounting } from './snapshot.ts';
import { estimateTextTokens } from './text-tokens.ts';

export interface CountedChat {
  readonly messages: readonly CountedMessage[];
  /** Functions and other tools, as anything that is JSON. */
  readonly tools?: readonly unknown[];
}

export interface CountedMessage {
  readonly name?: string;
  readonly parts: readonly CountedPart[];
}

export type CountedPart =
  | { readonly kind: 'text' | 'reasoning' | 'refusal'; readonly text: string }
  | { readonly kind: MediaKind; readonly source: CountedSource; readonly detail?: string }
  | { readonly kind: 'tool-call'; readonly name: string; readonly arguments: string }
  | { readonly kind: 'tool-result'; readonly parts: readonly CountedPart[] }
  | { readonly kind: 'native'; readonly value: unknown };

export type CountedSource = { readonly kind: 'data'; readonly media: string; readonly base64: string } | { readonly kind: 'url' | 'id' };

/** Around each message, for a name, before the answer. Source: OpenAI Cookbook, "How to count tokens with tiktoken". */
const PER_MESSAGE = 3;
const PER_NAME = 1;
const BEFORE_ANSWER = 3;
/** Around each tool and each call. */
const PER_TOOL = 8;
/** Results of tools hold parts, which hold no results: deeper ones are no chat's. */
const DEPTH_MAX = 4;

/** Tokens of a request as the model reads it. `images`: how the model counts them, where it is known. */
export function estimateChatTokens({ messages, tools = [] }: CountedChat, images?: ImageCounting): number {
  const texts: string[] = [];
  let tokens = BEFORE_ANSWER + PER_TOOL * tools.length;
  for (const tool of tools) texts.push(jsonText(tool));
  const add = (part: CountedPart, depth: number): void => {
    switch (part.kind) {
      case 'text':
      case 'reasoning':
      case 'refusal':
        texts.push(part.text);
        break;
      case 'tool-call':
        tokens += PER_TOOL;
        texts.push(part.name, part.arguments);
        break;
      case 'tool-result':
        if (depth < DEPTH_MAX) for (const inner of part.parts) add(inner, depth + 1);
        break;
      case 'native':
        texts.push(jsonText(part.value));
        break;
      default:
        if (part.source.kind === 'data' && part.source.media.startsWith('text/')) texts.push(textOf(part.source.base64));
        else tokens += mediaTokens({ kind: part.kind, detail: part.detail, ...measured(part.source) }, images);
    }
  };
  for (const { name, parts } of messages) {
    tokens += PER_MESSAGE;
    if (name !== undefined) {
      tokens += PER_NAME;
      texts.push(name);
    }
    for (const part of parts) add(part, 0);
  }
  return tokens + estimateTextTokens(texts);
}

/** Four characters are three bytes, and a cut at a multiple of four stays whole. */
const HEAD_BASE64 = Math.ceil(IMAGE_HEAD_BYTES / 3) * 4;

function measured(source: CountedSource): { bytes?: number; head?: Uint8Array } {
  if (source.kind !== 'data') return {};
  const head = Buffer.from(source.base64.slice(0, HEAD_BASE64), 'base64');
  const padding = source.base64.endsWith('==') ? 2 : source.base64.endsWith('=') ? 1 : 0;
  return { bytes: Math.floor((source.base64.length * 3) / 4) - padding, head };
}

function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

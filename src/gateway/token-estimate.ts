/*
 * Tokens of a chat, about, for models whose server does not count: clients decide by it when a talk is too long, so it is rather too high than too low.
 * One pass over the texts, and nothing for each letter is kept; 10 MB take some 35 ms.
 */

import type { ChatPart, ChatRequest, MediaSource } from '../operations/chat.ts';

/** English prose has about four letters a token, code and JSON about three. */
const ASCII_PER_TOKEN = 3.5;
/** Chinese, Japanese, Korean: about one; other letters beyond ASCII fewer. */
const OTHER_PER_TOKEN = 1;
const PER_MESSAGE = 4;
/** Around each tool, call and result. */
const PER_TOOL = 10;
/** The most that a vendor takes for one picture after it has made it smaller. */
const PER_IMAGE = 1_600;
/** A page of a PDF, as text and as a picture; about so many bytes of a file are one. */
const PER_PAGE = 2_500;
const PAGE_BYTES = 60_000;
/** Base64 has four letters for three bytes. */
const BASE64_RATIO = 0.75;

export function estimateTokens({ messages, tools = [] }: ChatRequest): number {
  let tokens = 3 + messages.length * PER_MESSAGE;
  for (const tool of tools) tokens += PER_TOOL + textTokens(JSON.stringify(tool));
  for (const { parts } of messages) for (const part of parts) tokens += partTokens(part);
  return Math.ceil(tokens);
}

function partTokens(part: ChatPart): number {
  switch (part.kind) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      return textTokens(part.text);
    case 'image':
      return PER_IMAGE;
    case 'file':
      return textTokens(part.context ?? '') + fileTokens(part.source);
    case 'audio':
    case 'video':
      return fileTokens(part.source);
    case 'tool-call':
      return PER_TOOL + textTokens(part.name) + textTokens(part.arguments);
    case 'tool-result':
      return part.parts.reduce((total, inner) => total + partTokens(inner), PER_TOOL);
    case 'native':
      return textTokens(JSON.stringify(part.value) ?? '');
  }
}

function fileTokens(source: MediaSource): number {
  if (source.kind !== 'data') return PER_PAGE;
  const bytes = source.base64.length * BASE64_RATIO;
  return source.media.startsWith('text/') ? bytes / ASCII_PER_TOKEN : Math.max(1, Math.ceil(bytes / PAGE_BYTES)) * PER_PAGE;
}

function textTokens(text: string): number {
  let others = 0;
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 127) others += 1;
  return (text.length - others) / ASCII_PER_TOKEN + others / OTHER_PER_TOKEN;
}

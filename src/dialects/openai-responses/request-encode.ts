/* A chat as a request of the Responses API. Source: platform.openai.com/docs/api-reference/responses/create. */

import type { ChatMessage, ChatPart, ChatRequest } from '../../operations/chat.ts';
import type { EncodeTarget } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { writePart } from './content.ts';
import { writeReasoning, writeText } from './settings.ts';
import { sealOf, summaryOf } from './thoughts.ts';
import { writeTool, writeToolChoice } from './tools.ts';

/** Fields that a request and the response that repeats it write alike. */
export function writeSettings(request: ChatRequest): Record<string, unknown> {
  const { tools, toolChoice, user, metadata, serviceTier, promptCacheKey, parallelToolCalls, temperature, topP, outputTokensMax } = request;
  return {
    ...(tools === undefined ? {} : { tools: tools.map(writeTool) }),
    ...(toolChoice === undefined ? {} : { tool_choice: writeToolChoice(toolChoice, tools ?? []) }),
    ...(parallelToolCalls === undefined ? {} : { parallel_tool_calls: parallelToolCalls }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(outputTokensMax === undefined ? {} : { max_output_tokens: outputTokensMax }),
    ...(user === undefined ? {} : { safety_identifier: user }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(serviceTier === undefined ? {} : { service_tier: serviceTier }),
    ...(promptCacheKey === undefined ? {} : { prompt_cache_key: promptCacheKey }),
  };
}

/** The least that the API takes. Callers of other dialects ask for a single token to see whether a model is there. */
const OUTPUT_TOKENS_MIN = 16;

export function encodeChat(request: ChatRequest, { model, stream }: EncodeTarget): Uint8Array {
  const [first, ...others] = request.messages;
  const instructions = others.length === 0 ? undefined : instructionsOf(first);
  const input = (instructions === undefined ? request.messages : others).flatMap(writeMessage);
  const text = writeText(request);
  const reasoning = request.reasoning === undefined ? undefined : writeReasoning(request.reasoning);
  const { logProbabilities } = request;
  const include = [
    // Only so can the caller send a thought back. Models that do not think refuse to be asked.
    ...(thinks(request) ? ['reasoning.encrypted_content'] : []),
    ...(logProbabilities === undefined ? [] : ['message.output_text.logprobs']),
  ];
  const body = {
    model,
    ...(instructions === undefined ? {} : { instructions }),
    input,
    ...writeSettings(request),
    ...(request.outputTokensMax === undefined ? {} : { max_output_tokens: Math.max(request.outputTokensMax, OUTPUT_TOKENS_MIN) }),
    ...(Object.keys(text).length === 0 ? {} : { text }),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(logProbabilities === undefined ? {} : { top_logprobs: logProbabilities.top }),
    ...(include.length === 0 ? {} : { include }),
    // The vendor keeps what it is not told to forget, and a caller of another dialect has not asked for that.
    store: request.store ?? false,
    ...(stream ? { stream: true } : {}),
  };
  return Buffer.from(JSON.stringify(body));
}

function thinks({ reasoning, messages }: ChatRequest): boolean {
  if (reasoning !== undefined && reasoning.enabled !== false) return true;
  return messages.some(({ role, parts }) => role === 'assistant' && parts.some(({ kind }) => kind === 'reasoning'));
}

/** A first message of the system that is nothing but a text. */
function instructionsOf(message: ChatMessage | undefined): string | undefined {
  if (message?.role !== 'system' || message.developer === true) return undefined;
  const [part, ...more] = message.parts;
  return part?.kind === 'text' && part.text !== '' && more.length === 0 ? part.text : undefined;
}

function writeMessage(message: ChatMessage): unknown[] {
  switch (message.role) {
    case 'assistant':
      return writeTurn(message.parts);
    case 'tool':
      return message.parts.map(writeResult);
    default: {
      const role = message.role === 'system' && message.developer === true ? 'developer' : message.role;
      return grouped(message.parts, (content) => ({ type: 'message', role, content: content.map((part) => writePart(part, false)) }));
    }
  }
}

/** What the assistant did, item by item. */
function writeTurn(parts: readonly ChatPart[]): unknown[] {
  return grouped(parts, (content) => ({ type: 'message', role: 'assistant', content: content.map((part) => writePart(part, true)) }));
}

/** Parts of content that follow each other are one message; all else is an item of its own. */
function grouped(parts: readonly ChatPart[], message: (content: readonly ChatPart[]) => unknown): unknown[] {
  const items: unknown[] = [];
  let content: ChatPart[] = [];
  const close = () => {
    if (content.length > 0) items.push(message(content));
    content = [];
  };
  for (const part of parts) {
    const item = writeItem(part);
    if (item === undefined) content.push(part);
    else {
      close();
      items.push(item);
    }
  }
  close();
  return items;
}

/** Undefined for what stands in a message. */
function writeItem(part: ChatPart): unknown {
  switch (part.kind) {
    case 'reasoning': {
      const seal = sealOf(part.signature);
      const id = seal.id ?? part.id;
      return { type: 'reasoning', ...(id === undefined ? {} : { id }), summary: summaryOf(part.text), ...withoutId(seal) };
    }
    case 'tool-call':
      return part.custom === true
        ? { type: 'custom_tool_call', call_id: part.id, name: part.name, input: part.arguments }
        : { type: 'function_call', call_id: part.id, name: part.name, arguments: part.arguments };
    case 'native':
      return isContent(part.value) ? undefined : part.value;
    default:
      return undefined;
  }
}

function withoutId({ encrypted_content: content }: ReturnType<typeof sealOf>): object {
  return content === undefined ? {} : { encrypted_content: content };
}

/** Whether a native value stands inside a message: types of content begin so, and types of items do not. */
function isContent(value: unknown): boolean {
  return isRecord(value) && typeof value['type'] === 'string' && /^(input|output)_/.test(value['type']);
}

function writeResult(part: ChatPart): unknown {
  if (part.kind !== 'tool-result') throw new Error(`a part of kind '${part.kind}' is no output of a tool`);
  const [only, ...more] = part.parts;
  const isText = only?.kind === 'text' && only.text !== '' && more.length === 0;
  let output: unknown = part.parts.map((inner) => writePart(inner, false));
  if (isText) output = only.text;
  else if (only === undefined) output = '';
  return { type: part.custom === true ? 'custom_tool_call_output' : 'function_call_output', call_id: part.callId, output };
}

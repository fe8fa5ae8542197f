/* Our words as a chat of Ollama's. */

import type { ChatMessage, ChatPart, ChatRequest, ReasoningWish } from '../../operations/chat.ts';
import type { EncodeTarget } from '../dialect-codec.ts';
import { writeCall } from './tool-calls.ts';

type Json = Record<string, unknown>;

export function encodeChatRequest(request: ChatRequest, target: EncodeTarget): Uint8Array {
  const { tools, toolChoice, output, reasoning, logProbabilities } = request;
  const options = writeOptions(request);
  // There is no word for that they may not be called.
  const isTooled = tools !== undefined && toolChoice?.kind !== 'none';
  const body: Json = {
    model: target.model,
    messages: request.messages.flatMap(writeMessage),
    ...(isTooled ? { tools: tools.map(writeTool) } : {}),
    format: output === undefined ? undefined : output.kind === 'json' ? 'json' : output.schema,
    think: reasoning === undefined ? undefined : thinkOf(reasoning),
    ...(logProbabilities === undefined
      ? {}
      : { logprobs: true, ...(logProbabilities.top === 0 ? {} : { top_logprobs: logProbabilities.top }) }),
    // It streams unless told otherwise.
    stream: target.stream,
    ...(Object.keys(options).length === 0 ? {} : { options }),
  };
  return Buffer.from(JSON.stringify(body));
}

function writeOptions(request: ChatRequest): Json {
  const options: Json = {
    temperature: request.temperature,
    top_p: request.topP,
    top_k: request.topK,
    min_p: request.minP,
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    seed: request.seed,
    stop: request.stop,
    num_predict: request.outputTokensMax,
  };
  for (const name in options) if (options[name] === undefined) delete options[name];
  return options;
}

const LEVELS = { minimal: 'low', low: 'low', medium: 'medium', high: 'high', xhigh: 'high', max: 'high' } as const;

function thinkOf({ enabled, effort, budget, dynamic }: ReasoningWish): boolean | string | undefined {
  if (enabled === false) return false;
  if (effort !== undefined) return LEVELS[effort];
  return enabled ?? (budget !== undefined || dynamic === true ? true : undefined);
}

function writeTool(tool: NonNullable<ChatRequest['tools']>[number]): unknown {
  if (tool.kind !== 'function') return tool.kind === 'native' ? tool.value : undefined;
  const { name, description, parameters } = tool;
  return { type: 'function', function: { name, description, parameters } };
}

function writeMessage({ role, parts }: ChatMessage): Json[] {
  if (role === 'tool') return parts.flatMap((part) => (part.kind === 'tool-result' ? [writeResult(part)] : []));
  const thinking = joined(parts.filter((part) => part.kind === 'reasoning'));
  const images = parts.flatMap((part) => (part.kind === 'image' && part.source.kind === 'data' ? [part.source.base64] : []));
  const calls = parts.filter((part) => part.kind === 'tool-call');
  return [
    {
      role,
      content: joined(parts.filter((part) => part.kind === 'text' || part.kind === 'refusal')),
      ...(thinking === '' ? {} : { thinking }),
      ...(images.length === 0 ? {} : { images }),
      ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeCall) }),
    },
  ];
}

function writeResult({ callId, name, parts }: ChatPart & { kind: 'tool-result' }): Json {
  return { role: 'tool', content: joined(parts.filter((part) => part.kind === 'text')), tool_name: name, tool_call_id: callId };
}

/** What stood in parts of its own stands on lines of its own. */
function joined(parts: readonly { readonly text: string }[]): string {
  return parts.map(({ text }) => text).join('\n');
}

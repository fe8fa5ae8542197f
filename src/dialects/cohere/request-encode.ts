/* Our words as a chat request for Cohere. Source: docs.cohere.com/reference/chat. */

import type { ChatMessage, ChatPart, ChatRequest, ChatTool, OutputFormat, ReasoningWish } from '../../operations/chat.ts';
import type { EncodeTarget } from '../dialect-codec.ts';
import { writeUrl } from '../dialect-media.ts';

type Json = Record<string, unknown>;

const TEMPERATURE_MAX = 1;
const P_MIN = 0.01;
const P_MAX = 0.99;
const K_MAX = 500;

export function encodeChatRequest(request: ChatRequest, { model, stream }: EncodeTarget): Uint8Array {
  const { output, reasoning } = request;
  const { tools, choice } = chosen(request);
  const body: Json = {
    model,
    messages: request.messages.flatMap((message) => writeMessage(message)),
    ...(stream ? { stream: true } : {}),
    ...(tools === undefined ? {} : { tools: tools.flatMap(writeTool) }),
    tool_choice: choice,
    strict_tools: tools?.some((tool) => tool.kind === 'function' && tool.strict === true) === true ? true : undefined,
    response_format: output === undefined ? undefined : writeOutput(output),
    thinking: reasoning === undefined ? undefined : writeThinking(reasoning),
    temperature: within(request.temperature, 0, TEMPERATURE_MAX),
    p: within(request.topP, P_MIN, P_MAX),
    k: within(request.topK, 0, K_MAX),
    frequency_penalty: within(request.frequencyPenalty, 0, 1),
    presence_penalty: within(request.presencePenalty, 0, 1),
    seed: request.seed,
    stop_sequences: request.stop,
    max_tokens: request.outputTokensMax,
    logprobs: request.logProbabilities === undefined ? undefined : true,
  };
  return Buffer.from(JSON.stringify(body));
}

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value === undefined ? undefined : Math.min(max, Math.max(min, value));
}

/** Where one tool or some of them may be called, the others are left out. */
function chosen({ tools, toolChoice }: ChatRequest): { readonly tools: readonly ChatTool[] | undefined; readonly choice?: string } {
  switch (toolChoice?.kind) {
    case 'none':
      return { tools, choice: 'NONE' };
    case 'required':
      return { tools, choice: 'REQUIRED' };
    case 'tool':
      return { tools: tools?.filter(({ name }) => name === toolChoice.name), choice: 'REQUIRED' };
    case 'allowed':
      return {
        tools: tools?.filter(({ name }) => toolChoice.names.includes(name)),
        ...(toolChoice.required ? { choice: 'REQUIRED' } : {}),
      };
    default:
      return { tools };
  }
}

function writeTool(tool: ChatTool): Json[] {
  if (tool.kind !== 'function') return [];
  const { name, description, parameters } = tool;
  return [{ type: 'function', function: { name, description, parameters: parameters ?? { type: 'object', properties: {} } } }];
}

function writeOutput(output: OutputFormat): Json {
  return { type: 'json_object', ...(output.kind === 'schema' ? { json_schema: output.schema } : {}) };
}

/** Tokens. Beyond these efforts the model thinks as long as it likes, which is its default. */
const BUDGETS: Readonly<Partial<Record<string, number>>> = { minimal: 512, low: 2_048, medium: 8_192 };

function writeThinking({ enabled, effort, budget }: ReasoningWish): Json {
  if (enabled === false) return { type: 'disabled' };
  return { type: 'enabled', token_budget: budget ?? (effort === undefined ? undefined : BUDGETS[effort]) };
}

/** Each result of a tool is a message of its own. */
function writeMessage({ role, parts }: ChatMessage): Json[] {
  switch (role) {
    case 'tool':
      return parts.flatMap((part) =>
        part.kind === 'tool-result' ? [{ role, tool_call_id: part.callId, content: writeContent(part.parts) ?? '' }] : [],
      );
    case 'assistant':
      return [{ role, ...writeSpoken(parts) }];
    default:
      return [{ role, content: writeContent(parts) ?? '' }];
  }
}

/** What is said beside calls of tools is the plan. */
function writeSpoken(parts: readonly ChatPart[]): Json {
  const calls = parts.flatMap((part) =>
    part.kind === 'tool-call' ? [{ id: part.id, type: 'function', function: { name: part.name, arguments: part.arguments } }] : [],
  );
  if (calls.length === 0) return { content: writeContent(parts) ?? '' };
  const plan = parts.flatMap((part) => (part.kind === 'text' || part.kind === 'refusal' ? [part.text] : [])).join('');
  const thoughts = parts.filter(({ kind }) => kind === 'reasoning');
  return { content: writeContent(thoughts), ...(plan === '' ? {} : { tool_plan: plan }), tool_calls: calls };
}

/** A single text is a string: not every role takes a list. Undefined where there is nothing. */
function writeContent(parts: readonly ChatPart[]): string | unknown[] | undefined {
  const [first] = parts;
  if (first === undefined) return undefined;
  if (parts.length === 1 && first.kind === 'text') return first.text;
  return parts.flatMap((part) => writePart(part));
}

const DETAILS: ReadonlySet<unknown> = new Set(['auto', 'low', 'high']);

function writePart(part: ChatPart): unknown[] {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'reasoning':
      return [{ type: 'thinking', thinking: part.text }];
    case 'image': {
      const { source, detail } = part;
      if (source.kind === 'id') return [];
      return [{ type: 'image_url', image_url: { url: writeUrl(source), detail: DETAILS.has(detail) ? detail : undefined } }];
    }
    default:
      return [];
  }
}

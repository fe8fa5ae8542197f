/* Our words as a chat completion request, for OpenAI and its kin. */

import type { ChatMessage, ChatPart, ChatRequest, ChatTool, OutputFormat, ReasoningWish, ToolChoice } from '../../operations/chat.ts';
import type { EncodeTarget } from '../dialect-codec.ts';
import { effortOfBudget } from '../dialect-effort.ts';
import { writeUrl } from '../dialect-media.ts';
import { writeDetail, writeToolSignature } from './thoughts.ts';

type Json = Record<string, unknown>;

export function encodeChatRequest(request: ChatRequest, target: EncodeTarget): Uint8Array {
  const { tools, toolChoice, output, reasoning, logProbabilities } = request;
  const lastQuestion = request.messages.findLastIndex(({ role }) => role === 'user');
  const body: Json = {
    model: target.model,
    messages: request.messages.flatMap((message, index) => writeMessage(message, index > lastQuestion)),
    ...(tools === undefined ? {} : { tools: tools.map(writeTool) }),
    tool_choice: toolChoice === undefined ? undefined : writeToolChoice(toolChoice, tools ?? []),
    parallel_tool_calls: request.parallelToolCalls,
    response_format: output === undefined ? undefined : writeOutput(output),
    reasoning_effort: reasoning === undefined ? undefined : effortOf(reasoning),
    temperature: request.temperature,
    top_p: request.topP,
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    seed: request.seed,
    stop: request.stop,
    [limitName(target.model)]: request.outputTokensMax,
    n: request.choices,
    ...(logProbabilities === undefined ? {} : writeProbabilities(logProbabilities.top)),
    logit_bias: request.logitBias,
    user: request.user,
    metadata: request.metadata,
    service_tier: request.serviceTier,
    verbosity: request.verbosity,
    prompt_cache_key: request.promptCacheKey,
    store: request.store,
    ...(target.stream ? { stream: true } : {}),
    ...(target.stream && target.streamUsage ? { stream_options: { include_usage: true } } : {}),
  };
  return Buffer.from(JSON.stringify(target.fieldNames === undefined ? body : renamed(body, target.fieldNames)));
}

/** Some of OpenAI's kin have names of their own for a few of the fields. */
function renamed(body: Json, names: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [names[name] ?? name, value]));
}

/**
 * OpenAI's models that reason refuse `max_tokens`, and all later ones may; much of its kin knows nothing else. Source:
 * platform.openai.com/docs/api-reference/chat/create, and the servers' own documents.
 */
function limitName(model: string): 'max_completion_tokens' | 'max_tokens' {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  return /^(o\d|gpt-[5-9]|gpt-\d\d|codex)/.test(name) ? 'max_completion_tokens' : 'max_tokens';
}

function writeProbabilities(top: number): Json {
  return { logprobs: true, ...(top === 0 ? {} : { top_logprobs: top }) };
}

/** Switched on without a word of how much is each model's own default. */
function effortOf({ enabled, effort, budget }: ReasoningWish): string | undefined {
  if (enabled === false) return 'none';
  if (effort !== undefined || budget === undefined) return effort;
  return effortOfBudget(budget);
}

function writeOutput(output: OutputFormat): Json {
  if (output.kind === 'json') return { type: 'json_object' };
  const { schema, name, description, strict } = output;
  // OpenAI demands a name.
  return { type: 'json_schema', json_schema: { name: name ?? 'answer', description, schema, strict } };
}

function writeTool(tool: ChatTool): unknown {
  if (tool.kind === 'native') return tool.value;
  const { name, description } = tool;
  if (tool.kind === 'custom') return { type: 'custom', custom: { name, description, format: tool.format } };
  return { type: 'function', function: { name, description, parameters: tool.parameters, strict: tool.strict } };
}

function writeToolChoice(choice: ToolChoice, tools: readonly ChatTool[]): unknown {
  const named = (name: string): Json => {
    const isCustom = tools.some((tool) => tool.kind === 'custom' && tool.name === name);
    return isCustom ? { type: 'custom', custom: { name } } : { type: 'function', function: { name } };
  };
  if (choice.kind === 'tool') return named(choice.name);
  if (choice.kind !== 'allowed') return choice.kind;
  return { type: 'allowed_tools', allowed_tools: { mode: choice.required ? 'required' : 'auto', tools: choice.names.map(named) } };
}

/** Each result of a tool is a message of its own. `isLate`: nothing was asked since. */
function writeMessage(message: ChatMessage, isLate: boolean): Json[] {
  const { role, parts, name } = message;
  const speaker = name === undefined ? {} : { name };
  switch (role) {
    case 'tool':
      return parts.flatMap((part) =>
        part.kind === 'tool-result' ? [{ role, tool_call_id: part.callId, content: writeContent(part.parts) ?? '' }] : [],
      );
    case 'assistant':
      return [{ role, ...writeSpoken(parts, isLate), ...speaker }];
    default:
      return [{ role, content: writeContent(parts) ?? '', ...speaker }];
  }
}

function writeSpoken(parts: readonly ChatPart[], isLate: boolean): Json {
  const calls = parts.filter((part) => part.kind === 'tool-call');
  const audio = parts.flatMap((part) => (part.kind === 'native' ? [part.value] : [])).find(isSpokenAudio);
  const content = writeContent(parts.filter((part) => part.kind !== 'tool-call' && part.kind !== 'reasoning' && !isAudioPart(part)));
  return {
    content: content ?? (calls.length > 0 || audio !== undefined ? null : ''),
    ...writeHistory(parts, isLate),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeCall) }),
    ...(audio === undefined ? {} : { audio: audio.audio }),
  };
}

/** An earlier answer that was spoken, as it was sent back. */
function isSpokenAudio(value: unknown): value is { readonly audio: unknown } {
  return typeof value === 'object' && value !== null && (value as Json)['type'] === 'audio' && 'audio' in value;
}

function isAudioPart(part: ChatPart): boolean {
  return part.kind === 'native' && isSpokenAudio(part.value);
}

/**
 * Thoughts with this dialect's own signatures came from a server that wants them back as they were. Plain ones are wanted by some servers while tools are
 * being called, dropped by all after the next question, and refused by some.
 */
function writeHistory(parts: readonly ChatPart[], isLate: boolean): Json {
  const thoughts = parts.filter((part) => part.kind === 'reasoning');
  if (thoughts.some(({ signature }) => signature !== undefined)) return { reasoning_details: thoughts.map(writeDetail) };
  const text = isLate ? thoughts.map((thought) => thought.text).join('') : '';
  return text === '' ? {} : { reasoning_content: text };
}

function writeCall(call: ChatPart & { kind: 'tool-call' }): Json {
  const { id, name, signature } = call;
  if (call.custom === true) return { id, type: 'custom', custom: { name, input: call.arguments } };
  return { id, type: 'function', function: { name, arguments: call.arguments }, ...writeToolSignature(signature) };
}

/** A single text is a string: not every server knows lists of parts for every role. Undefined where there is nothing. */
function writeContent(parts: readonly ChatPart[]): string | unknown[] | undefined {
  const [first] = parts;
  if (first === undefined) return undefined;
  if (parts.length === 1 && first.kind === 'text') return first.text;
  return parts.flatMap((part) => writePart(part));
}

function writePart(part: ChatPart): unknown[] {
  switch (part.kind) {
    case 'text':
      return [{ type: 'text', text: part.text }];
    case 'refusal':
      return [{ type: 'refusal', refusal: part.text }];
    case 'image':
      return [writeImage(part)];
    case 'file':
      return [{ type: 'file', file: writeFile(part) }];
    case 'audio':
      return writeAudio(part);
    case 'video':
      return part.source.kind === 'id' ? [] : [{ type: 'video_url', video_url: { url: writeUrl(part.source) } }];
    case 'native':
      return [part.value];
    default:
      return [];
  }
}

/** One that was uploaded is written as in OpenAI's other APIs: a server without a place for it says so. */
function writeImage({ source, detail }: ChatPart & { kind: 'image' }): Json {
  if (source.kind === 'id') return { type: 'image_file', image_file: { file_id: source.id, detail } };
  return { type: 'image_url', image_url: { url: writeUrl(source), detail } };
}

function writeFile({ source, name }: ChatPart & { kind: 'file' }): Json {
  return source.kind === 'id' ? { file_id: source.id, filename: name } : { file_data: writeUrl(source), filename: name };
}

function writeAudio({ source }: ChatPart & { kind: 'audio' }): unknown[] {
  if (source.kind === 'id') return [];
  if (source.kind === 'url') return [{ type: 'audio_url', audio_url: { url: source.url } }];
  const format = source.media === 'audio/mpeg' ? 'mp3' : source.media.slice(source.media.indexOf('/') + 1);
  return [{ type: 'input_audio', input_audio: { data: source.base64, format } }];
}

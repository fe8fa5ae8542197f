/* A chat request in our words. Source: docs.cohere.com/reference/chat. */

import type { ChatRequest, ChatTool, OutputFormat, ReasoningWish, ToolChoice } from '../../operations/chat.ts';
import type { Operation } from '../../operations/operation.ts';
import { FieldReader } from '../dialect-reader.ts';
import { readMessages } from './message-decode.ts';

/** Throws `request_invalid`. */
export function decodeChatRequest({ bytes }: Operation): ChatRequest {
  const body = FieldReader.ofBody(bytes);
  const unread = new Set<string>();
  for (const name of ['model', 'stream']) body.any(name);
  const messages = readMessages(body, unread);
  const request = {
    messages,
    ...defined({
      tools: readTools(body, unread),
      toolChoice: readToolChoice(body),
      output: readOutput(body, unread),
      reasoning: readThinking(body, unread),
      temperature: body.number('temperature'),
      topP: body.number('p'),
      topK: readTopK(body),
      frequencyPenalty: body.number('frequency_penalty'),
      presencePenalty: body.number('presence_penalty'),
      seed: body.integer('seed'),
      stop: body.strings('stop_sequences'),
      outputTokensMax: body.integer('max_tokens'),
      logProbabilities: body.boolean('logprobs') === true ? { top: 0 } : undefined,
    }),
  };
  body.leftOver(unread);
  return { ...request, unread: [...unread] };
}

/** Without the fields that have no value. */
function defined<Fields extends Record<string, unknown>>(fields: Fields): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]?: Exclude<Fields[Name], undefined>;
  };
}

/** One word makes all of them strict. */
function readTools(body: FieldReader, unread: Set<string>): readonly ChatTool[] | undefined {
  const strict = body.boolean('strict_tools') === true ? { strict: true } : {};
  const tools = body.objects('tools').map((tool): ChatTool => {
    tool.any('type');
    const named = tool.object('function');
    if (named === undefined) throw tool.wrong('function', 'an object');
    const description = named.string('description');
    const parameters = named.object('parameters')?.value;
    const read: ChatTool = {
      kind: 'function',
      name: named.requiredString('name'),
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters }),
      ...strict,
    };
    tool.leftOver(unread);
    named.leftOver(unread);
    return read;
  });
  return tools.length === 0 ? undefined : tools;
}

function readToolChoice(body: FieldReader): ToolChoice | undefined {
  const choice = body.string('tool_choice')?.toUpperCase();
  if (choice === undefined) return undefined;
  if (choice === 'REQUIRED') return { kind: 'required' };
  if (choice === 'NONE') return { kind: 'none' };
  throw body.wrong('tool_choice', '"REQUIRED" or "NONE"');
}

function readOutput(body: FieldReader, unread: Set<string>): OutputFormat | undefined {
  const format = body.object('response_format');
  if (format === undefined) return undefined;
  const type = format.requiredString('type');
  // Its first name was `schema`.
  const schema = (format.object('json_schema') ?? format.object('schema'))?.value;
  format.leftOver(unread);
  if (type === 'text') return undefined;
  if (type !== 'json_object') throw format.wrong('type', '"text" or "json_object"');
  return schema === undefined ? { kind: 'json' } : { kind: 'schema', schema };
}

function readThinking(body: FieldReader, unread: Set<string>): ReasoningWish | undefined {
  const thinking = body.object('thinking');
  if (thinking === undefined) return undefined;
  const type = thinking.string('type') ?? 'enabled';
  if (type !== 'enabled' && type !== 'disabled') throw thinking.wrong('type', '"enabled" or "disabled"');
  const budget = thinking.integer('token_budget');
  thinking.leftOver(unread);
  if (type === 'disabled') return { enabled: false };
  return { enabled: true, ...(budget === undefined ? {} : { budget }) };
}

/** 0: among all of them, which is how it is without a word. */
function readTopK(body: FieldReader): number | undefined {
  const topK = body.integer('k');
  return topK === 0 ? undefined : topK;
}

/*
 * Anthropic's Messages body, as InvokeModel takes it (`anthropic_version: bedrock-2023-05-31`), put into Converse's words: the same models
 * are behind both doors, and read the same.
 */
import { isObject, type JsonObject } from '../json-instance.ts';
import { refuse } from './check.ts';

const VERSION = 'bedrock-2023-05-31';
/** Said elsewhere: by the path, and by which of the two operations it is. */
const EXTRANEOUS = ['model', 'stream'];

/** Throws RequestRefused. */
export function converseBody(body: JsonObject): JsonObject {
  for (const name of ['anthropic_version', 'max_tokens', 'messages']) {
    if (body[name] === undefined) malformed(`#: required key [${name}] not found`);
  }
  if (body['anthropic_version'] !== VERSION) malformed(`#/anthropic_version: "${String(body['anthropic_version'])}" is not a valid value`);
  for (const name of EXTRANEOUS) if (name in body) malformed(`#: extraneous key [${name}] is not permitted`);
  const { system, tools, tool_choice: choice, thinking, output_config: output, output_format: format } = body;
  const outputFormat = isObject(output) && isObject(output['format']) ? output['format'] : format;
  const isSingle = isObject(choice) && choice['disable_parallel_tool_use'] === true;
  return {
    messages: merged(listOf(body['messages']).map((message) => ({ role: message['role'], content: blocksOf(message['content']) }))),
    ...(system === undefined ? {} : { system: blocksOf(system) }),
    ...(tools === undefined ? {} : { toolConfig: { tools: listOf(tools).flatMap(toolOf), ...choiceOf(choice) } }),
    inferenceConfig: {
      maxTokens: body['max_tokens'],
      temperature: body['temperature'],
      topP: body['top_p'],
      stopSequences: body['stop_sequences'],
    },
    additionalModelRequestFields: {
      ...(thinking === undefined ? {} : { thinking }),
      ...(isSingle ? { tool_choice: choice } : {}),
    },
    ...(isObject(outputFormat) ? { outputConfig: schemaOf(outputFormat) } : {}),
  };
}

/** Tools are declared and yet not to be used: Converse has no word for it. */
export function forbidsTools(body: JsonObject): boolean {
  return isObject(body['tool_choice']) && body['tool_choice']['type'] === 'none';
}

function malformed(problem: string): never {
  refuse(`Malformed input request: ${problem}, please reformat your input and try again.`);
}

function listOf(value: unknown): readonly JsonObject[] {
  if (!Array.isArray(value)) return malformed('#: expected type: JSONArray');
  return value.map((item: unknown) => (isObject(item) ? item : malformed('#: expected type: JSONObject')));
}

interface ConverseMessage {
  readonly role: unknown;
  readonly content: readonly object[];
}

/** Messages of one role that follow each other are one. */
function merged(messages: readonly ConverseMessage[]): readonly ConverseMessage[] {
  const turns: ConverseMessage[] = [];
  for (const message of messages) {
    const before = turns.at(-1);
    if (before !== undefined && before.role === message.role)
      turns[turns.length - 1] = { ...message, content: [...before.content, ...message.content] };
    else turns.push(message);
  }
  return turns;
}

function blocksOf(content: unknown): readonly object[] {
  if (typeof content === 'string') return [{ text: content }];
  return listOf(content).flatMap((block) => [
    blockOf(block),
    ...(isObject(block['cache_control']) ? [{ cachePoint: { type: 'default' } }] : []),
  ]);
}

function blockOf(block: JsonObject): object {
  const source = isObject(block['source']) ? block['source'] : {};
  switch (block['type']) {
    case 'text':
      return { text: block['text'] };
    case 'image':
      return { image: { format: formatOf(source), source: bytesOf(source) } };
    case 'document':
      return documentOf(block, source);
    case 'tool_use':
      return { toolUse: { toolUseId: block['id'], name: block['name'], input: block['input'] } };
    case 'tool_result':
      return {
        toolResult: {
          toolUseId: block['tool_use_id'],
          content: block['content'] === undefined ? [] : blocksOf(block['content']),
          status: block['is_error'] === true ? 'error' : 'success',
        },
      };
    case 'thinking':
      return { reasoningContent: { reasoningText: { text: block['thinking'], signature: block['signature'] } } };
    case 'redacted_thinking':
      return { reasoningContent: { redactedContent: block['data'] } };
    case 'search_result':
      return { searchResult: { source: block['source'], title: block['title'], content: block['content'] } };
    default:
      return malformed(`#/messages: Input tag '${String(block['type'])}' found using 'type' does not match any of the expected tags`);
  }
}

function formatOf({ media_type: type }: JsonObject): string {
  return typeof type === 'string' ? type.slice(type.indexOf('/') + 1) : '';
}

function bytesOf(source: JsonObject): object {
  if (source['type'] !== 'base64')
    malformed(`#/messages: Input tag '${String(source['type'])}' found using 'type' does not match any of the expected tags: 'base64'`);
  return { bytes: source['data'] };
}

function documentOf(block: JsonObject, source: JsonObject): object {
  const inner =
    source['type'] === 'text'
      ? { text: source['data'] }
      : source['type'] === 'content'
        ? { content: blocksOf(source['content']) }
        : bytesOf(source);
  const name = typeof block['title'] === 'string' ? block['title'].replaceAll(/[^A-Za-z0-9\s\-()[\]]|\s(?=\s)/g, '') : 'document';
  const format = source['type'] === 'base64' ? { format: formatOf(source) } : {};
  return { document: { name, ...format, source: inner, ...(isObject(block['citations']) ? { citations: block['citations'] } : {}) } };
}

/** The vendor's own tools have a type and no schema. */
function toolOf(tool: JsonObject): readonly object[] {
  const json = tool['input_schema'] ?? { type: 'object' };
  const spec = { toolSpec: { name: tool['name'], description: tool['description'], inputSchema: { json } } };
  return isObject(tool['cache_control']) ? [spec, { cachePoint: { type: 'default' } }] : [spec];
}

function choiceOf(choice: unknown): object {
  if (!isObject(choice)) return {};
  if (choice['type'] === 'any') return { toolChoice: { any: {} } };
  return choice['type'] === 'tool' ? { toolChoice: { tool: { name: choice['name'] } } } : { toolChoice: { auto: {} } };
}

function schemaOf(format: JsonObject): object {
  return { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: JSON.stringify(format['schema'] ?? {}) } } } };
}

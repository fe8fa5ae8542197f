/* Server side: a caller's whole body in our words. Source: Converse in the API reference of Bedrock Runtime. */

import type { ChatMessage, ChatPart, ChatRequest, ChatTool, ToolChoice } from '../../operations/chat.ts';
import type { Operation } from '../../operations/operation.ts';
import { isRecord } from '../dialect-errors.ts';
import { type At, below } from '../dialect-place.ts';
import { invalid } from '../dialect-request.ts';
import { userMessages } from '../dialect-turns.ts';
import { Unread } from '../dialect-unread.ts';
import { type Block, memberOf } from './block.ts';
import { decodeContent, decodeMark } from './block-decode.ts';
import { BEDROCK_CONVERSE } from './dialect-name.ts';
import { decodeSettings } from './settings-decode.ts';
import { joinCallSignatures } from './thoughts.ts';

const FIELDS = [
  'modelId',
  'messages',
  'system',
  'inferenceConfig',
  'toolConfig',
  'additionalModelRequestFields',
  'additionalModelResponseFieldPaths',
  'outputConfig',
  'requestMetadata',
  'serviceTier',
];

const decoder = new TextDecoder();

/** Throws `request_invalid` with the field at fault. */
export function decodeChat({ bytes }: Operation): ChatRequest {
  const body: unknown = JSON.parse(decoder.decode(bytes));
  if (!isRecord(body)) throw invalid('', 'the body must be a JSON object');
  const unread = new Unread();
  const root: At = { param: '', path: '', unread };
  unread.note(body, FIELDS, '');
  notePaths(body['additionalModelResponseFieldPaths'], unread);
  const messages = [...decodeSystem(body['system'], root), ...decodeMessages(body['messages'], root)];
  return {
    messages,
    ...decodeTools(body['toolConfig'], root),
    ...decodeSettings(body, unread),
    unread: unread.names,
  };
}

/** The one path that is answered anyway. */
export const STOP_SEQUENCE_PATH = '/stop_sequence';

function notePaths(paths: unknown, unread: Unread): void {
  if (Array.isArray(paths) && paths.some((path) => path !== STOP_SEQUENCE_PATH)) unread.add('additionalModelResponseFieldPaths');
}

function decodeSystem(system: unknown, root: At): readonly ChatMessage[] {
  if (system === undefined || system === null) return [];
  const parts = plainParts(decodeContent(system, below(root, 'system')));
  return parts.length === 0 ? [] : [{ role: 'system', parts }];
}

function decodeMessages(messages: unknown, root: At): readonly ChatMessage[] {
  if (!Array.isArray(messages) || messages.length === 0) throw invalid('messages', "'messages' must hold at least one message");
  return messages.flatMap((message: unknown, index): ChatMessage[] => {
    const at = below(root, 'messages', index);
    if (!isRecord(message)) throw invalid(at.param, `'${at.param}' must be an object with a role and content`);
    at.unread.note(message, ['role', 'content'], at.path);
    const parts = plainParts(decodeContent(message['content'], below(at, 'content')));
    switch (message['role']) {
      case 'user':
        return userMessages(parts);
      case 'assistant':
        return [{ role: 'assistant', parts }];
      case 'system':
        return [{ role: 'system', parts }];
      default:
        throw invalid(`${at.param}.role`, `'${at.param}.role' must be 'user', 'assistant' or 'system'`);
    }
  });
}

function plainParts(parts: ReturnType<typeof decodeContent>): ChatPart[] {
  return joinCallSignatures<ChatPart>(parts);
}

function decodeTools(config: unknown, root: At): { tools?: readonly ChatTool[]; toolChoice?: ToolChoice } {
  if (!isRecord(config)) return {};
  const at = below(root, 'toolConfig');
  at.unread.note(config, ['tools', 'toolChoice'], at.path);
  const given = config['tools'];
  if (!Array.isArray(given) || given.length === 0) return {};
  const tools: ChatTool[] = [];
  for (const [index, tool] of (given as readonly unknown[]).entries()) addTool(tools, tool, below(at, 'tools', index));
  return { ...(tools.length === 0 ? {} : { tools }), ...decodeChoice(config['toolChoice']) };
}

function addTool(tools: ChatTool[], tool: unknown, at: At): void {
  const [kind, value] = memberOf(tool) ?? [];
  const last = tools.at(-1);
  if (kind === 'cachePoint' && last?.kind === 'function' && last.cache === undefined) {
    tools[tools.length - 1] = { ...last, cache: decodeMark(value) };
    return;
  }
  if (kind === undefined) throw invalid(at.param, `'${at.param}' must be a tool with one member`);
  tools.push(kind === 'toolSpec' ? decodeSpec(value, below(at, 'toolSpec')) : nativeTool(kind, tool as Block));
}

function nativeTool(kind: string, value: Block): ChatTool {
  const inner = value[kind];
  const name = isRecord(inner) ? inner['name'] : undefined;
  return { kind: 'native', dialect: BEDROCK_CONVERSE, name: typeof name === 'string' ? name : kind, value };
}

function decodeSpec(spec: unknown, at: At): ChatTool {
  if (!isRecord(spec)) throw invalid(at.param, `'${at.param}' must be an object`);
  const { name, description, inputSchema, strict } = spec;
  if (typeof name !== 'string' || name === '') throw invalid(`${at.param}.name`, `'${at.param}.name' is required: a string`);
  at.unread.note(spec, ['name', 'description', 'inputSchema', 'strict'], at.path);
  const schema = isRecord(inputSchema) ? inputSchema['json'] : undefined;
  return {
    kind: 'function',
    name,
    ...(typeof description === 'string' ? { description } : {}),
    ...(isRecord(schema) ? { parameters: schema } : {}),
    ...(typeof strict === 'boolean' ? { strict } : {}),
  };
}

function decodeChoice(choice: unknown): { toolChoice?: ToolChoice } {
  if (choice === undefined || choice === null) return {};
  const [kind, value] = memberOf(choice) ?? [];
  const name = kind === 'tool' && isRecord(value) ? value['name'] : undefined;
  if (typeof name === 'string') return { toolChoice: { kind: 'tool', name } };
  if (kind === 'auto') return { toolChoice: { kind: 'auto' } };
  if (kind === 'any') return { toolChoice: { kind: 'required' } };
  throw invalid('toolConfig.toolChoice', "'toolConfig.toolChoice' must be 'auto', 'any' or 'tool' (with a name)");
}

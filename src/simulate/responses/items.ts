/*
 * Reads the input of a response: messages, calls of tools and their outputs, reasoning that comes back. What is refused is worded as OpenAI's
 * callers report it.
 */
import { countOf } from '../answer.ts';
import { isObject, type JsonObject, shownAs } from '../json-instance.ts';
import { RequestRefused, refuse } from '../openai-request.ts';
import { openSeal } from '../seal.ts';
import { estimateTokens, hashDigits } from '../text.ts';
import { missing, need, wordOf, wrongType } from './check.ts';
import type { OutputItem } from './shapes.ts';

export interface Item {
  readonly id: string;
  /** As it is listed: with an id, and texts as parts. */
  readonly value: JsonObject;
  readonly type: string;
  readonly role: string | undefined;
  /** What it says. */
  readonly text: string;
  readonly tokens: number;
  readonly images: number;
  readonly files: number;
}

const IMAGE_TOKENS = 1_100;
const FILE_TOKENS = 1_500;

/** Items that were sent before, by their id. */
export type Known = (id: string) => Item | undefined;

/** A text, or a list of items. Throws RequestRefused. */
export function readInput(input: unknown, known: Known): readonly Item[] {
  if (input === undefined || input === null) return [];
  if (typeof input === 'string') return [messageItem({ role: 'user', content: input }, 'input[0]', 0)];
  if (!Array.isArray(input)) return wrongType('input', 'one of an array of objects or string', input);
  return input.map((entry: unknown, index) => {
    const at = `input[${index}]`;
    return isObject(entry) ? readItem(entry, { at, index, known }) : wrongType(at, 'an object', entry);
  });
}

interface Where {
  readonly at: string;
  readonly index: number;
  readonly known: Known;
}

/** Items that we have no part in: they are kept as they are. */
const PASSED = [
  'file_search_call',
  'web_search_call',
  'computer_call',
  'computer_call_output',
  'image_generation_call',
  'code_interpreter_call',
  'local_shell_call',
  'local_shell_call_output',
  'shell_call',
  'shell_call_output',
  'apply_patch_call',
  'apply_patch_call_output',
  'mcp_list_tools',
  'mcp_approval_request',
  'mcp_approval_response',
  'mcp_call',
  'tool_search_call',
  'tool_search_output',
  'additional_tools',
  'configuration_update',
  'compaction',
] as const;
const TYPES = [
  'message',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'reasoning',
  'item_reference',
  ...PASSED,
] as const;

function readItem(value: JsonObject, where: Where): Item {
  const { at, index } = where;
  const type = wordOf(`${at}.type`, value['type'] ?? (value['role'] === undefined ? 'item_reference' : 'message'), TYPES);
  switch (type) {
    case 'message':
      return messageItem(value, at, index);
    case 'function_call':
      return callItem(value, { at, prefix: 'fc', field: 'arguments' }, index);
    case 'custom_tool_call':
      return callItem(value, { at, prefix: 'ctc', field: 'input' }, index);
    case 'function_call_output':
    case 'custom_tool_call_output':
      return outputItem(value, at, index);
    case 'reasoning':
      return reasoningItem(value, where);
    case 'item_reference': {
      const id = need(value, 'id', at);
      return where.known(id) ?? notFound(id);
    }
    default:
      return itemOf(value, { type, prefix: 'it', index, text: JSON.stringify(value) });
  }
}

interface ItemParts {
  readonly type: string;
  readonly prefix: string;
  readonly index: number;
  readonly text: string;
  readonly role?: string;
  readonly images?: number;
  readonly files?: number;
}

function itemOf(value: JsonObject, { type, prefix, index, text, role, images = 0, files = 0 }: ItemParts): Item {
  const given = value['id'];
  const id = typeof given === 'string' ? given : `${prefix}_${hashDigits(`${index}\n${JSON.stringify(value)}`, 0, 48)}`;
  const tokens = estimateTokens(text) + images * IMAGE_TOKENS + files * FILE_TOKENS;
  return { id, value: { id, type, ...value }, type, role, text, tokens, images, files };
}

const ROLES = ['assistant', 'system', 'developer', 'user'] as const;

function messageItem(value: JsonObject, at: string, index: number): Item {
  if (value['role'] === undefined) return missing(`${at}.role`);
  const role = wordOf(`${at}.role`, value['role'], ROLES);
  const { content } = value;
  const own = role === 'assistant' ? 'output_text' : 'input_text';
  if (content === undefined || content === null) return missing(`${at}.content`);
  const parts: readonly unknown[] =
    typeof content === 'string'
      ? [{ type: own, text: content }]
      : Array.isArray(content)
        ? content
        : wrongType(`${at}.content`, 'one of an array of objects or string', content);
  const read = parts.map((part, position) => readPart(part, role, `${at}.content[${position}]`));
  const listed = { type: 'message', status: 'completed', ...value, content: parts };
  return itemOf(listed, {
    type: 'message',
    prefix: 'msg',
    index,
    role,
    text: read.map(({ text }) => text).join('\n'),
    images: read.filter(({ kind }) => kind === 'input_image').length,
    files: read.filter(({ kind }) => kind === 'input_file').length,
  });
}

const ASSISTANT_PARTS = ['output_text', 'refusal'] as const;
const OTHER_PARTS = ['input_text', 'input_image', 'input_file'] as const;

function readPart(part: unknown, role: string, at: string): { readonly kind: string; readonly text: string } {
  if (!isObject(part)) return wrongType(at, 'an object', part);
  if (part['type'] === undefined) return missing(`${at}.type`);
  const kind = wordOf(at, part['type'], role === 'assistant' ? ASSISTANT_PARTS : OTHER_PARTS);
  switch (kind) {
    case 'refusal':
      return { kind, text: need(part, 'refusal', at) };
    case 'input_text':
    case 'output_text':
      return { kind, text: need(part, 'text', at) };
    case 'input_image':
      if (typeof part['file_id'] !== 'string') checkImage(need(part, 'image_url', at), at);
      return { kind, text: `[image ${hashDigits(JSON.stringify(part), 0, 8)}]` };
    case 'input_file':
      if (['file_id', 'file_data', 'file_url'].every((name) => typeof part[name] !== 'string'))
        refuse(`Missing required parameter: '${at}.file_id'.`, `${at}.file_id`, 'missing_required_parameter');
      return { kind, text: `[file ${hashDigits(JSON.stringify(part), 0, 8)}]` };
  }
}

const DATA_URL = /^data:image\/(?:png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}$/;

function checkImage(url: string, at: string): void {
  const isData = url.startsWith('data:');
  if (isData ? DATA_URL.test(url) : /^https?:\/\/\S+$/.test(url)) return;
  const what = isData ? 'a base64-encoded data URL with an image MIME type' : 'a valid URL';
  refuse(`Invalid '${at}.image_url'. Expected ${what}.`, `${at}.image_url`, 'invalid_value');
}

function callItem(value: JsonObject, { at, prefix, field }: { at: string; prefix: string; field: string }, index: number): Item {
  const said = [need(value, 'call_id', at), need(value, 'name', at), need(value, field, at)];
  return itemOf({ status: 'completed', ...value }, { type: String(value['type']), prefix, index, text: said.join('\n') });
}

function outputItem(value: JsonObject, at: string, index: number): Item {
  const callId = need(value, 'call_id', at);
  const { output } = value;
  if (output === undefined || output === null) return missing(`${at}.output`);
  const parts =
    typeof output === 'string'
      ? []
      : Array.isArray(output)
        ? output
        : wrongType(`${at}.output`, 'one of an array of objects or string', output);
  const read = parts.map((part: unknown, position) => readPart(part, 'user', `${at}.output[${position}]`));
  const text = typeof output === 'string' ? output : read.map((part) => part.text).join('\n');
  const images = read.filter(({ kind }) => kind === 'input_image').length;
  return itemOf(
    { status: 'completed', ...value },
    { type: String(value['type']), prefix: 'fco', index, text: `${callId}\n${text}`, images },
  );
}

/** Reasoning comes back sealed, or by the id under which it was stored. */
function reasoningItem(value: JsonObject, { at, index, known }: Where): Item {
  if (value['summary'] === undefined) return missing(`${at}.summary`);
  const sealed = value['encrypted_content'];
  if (typeof sealed !== 'string') {
    const id = need(value, 'id', at);
    return known(id) ?? notFound(id);
  }
  const hidden = openReasoning(sealed);
  if (hidden === undefined) {
    const message = `The encrypted content for item ${shownAs(value['id'] ?? index)} could not be verified. Reason: Encrypted content could not be decrypted or parsed.`;
    return refuse(message, null, 'invalid_encrypted_content');
  }
  return itemOf(value, { type: 'reasoning', prefix: 'rs', index, text: hidden });
}

/** Sealed reasoning looks as the vendor's does: a Fernet token. */
export const SEAL_PREFIX = 'gAAAAAB';

function openReasoning(sealed: string): string | undefined {
  return sealed.startsWith(SEAL_PREFIX) ? openSeal('reasoning', sealed.slice(SEAL_PREFIX.length)) : undefined;
}

function notFound(id: string): never {
  const message = `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`;
  throw new RequestRefused({ status: 404, message, param: 'input' });
}

/** What the model answered, as input of the next turn. */
export function itemOfOutput(value: OutputItem, thoughts: string): Item {
  const text =
    value.type === 'message'
      ? value.content.map((part) => (part.type === 'refusal' ? part.refusal : part.text)).join('\n')
      : value.type === 'reasoning'
        ? thoughts
        : [value.call_id, value.name, value.type === 'function_call' ? value.arguments : value.input].join('\n');
  const role = value.type === 'message' ? { role: value.role } : {};
  return itemOf({ ...value }, { type: value.type, prefix: 'it', index: 0, text, ...role });
}

/** Every output has its call, and every call its output. Throws RequestRefused. */
export function checkCalls(items: readonly Item[]): void {
  const open = new Map<string, string>();
  const called = new Set<string>();
  for (const { type, value } of items) {
    const callId = String(value['call_id']);
    if (type === 'function_call' || type === 'custom_tool_call') {
      called.add(callId);
      open.set(callId, type);
    } else if (type === 'function_call_output' || type === 'custom_tool_call_output') {
      const kind = type === 'function_call_output' ? 'function call' : 'custom tool call';
      if (!called.has(callId)) refuse(`No tool call found for ${kind} output with call_id ${callId}.`, 'input');
      open.delete(callId);
    }
  }
  for (const [callId, type] of open) {
    refuse(`No tool output found for ${type === 'function_call' ? 'function call' : 'custom tool call'} ${callId}.`, 'input');
  }
}

/** What came with the last message. */
export function attachedTo(item: Item | undefined): readonly string[] {
  return item?.role === 'user' ? [...countOf(item.images, 'image'), ...countOf(item.files, 'file')] : [];
}

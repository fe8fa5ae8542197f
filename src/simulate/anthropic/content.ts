/*
 * Reads the content of messages: which blocks there are, what each may hold, and who may say it. What it costs in the prompt is counted here too.
 * Sources: the API reference, and the types of the vendor's package.
 */
import { isObject, type JsonObject } from '../json-instance.ts';
import { openSeal } from '../seal.ts';
import { estimateTokens, hashDigits } from '../text.ts';
import { below, listAt, matching, objectAt, onlyFields, type Place, refuse, refuseAt, required, tagAt, textAt, wordAt } from './check.ts';

export type Role = 'user' | 'assistant' | 'system';

export interface Block {
  /** Where it stands: `messages.0.content.1`. */
  readonly at: string;
  readonly type: string;
  readonly value: JsonObject;
  /** What it says, or what stands for a picture or a file. */
  readonly text: string;
  readonly tokens: number;
  /** Milliseconds for which the prompt up to here is to be kept; undefined: not marked. */
  readonly keepMs: number | undefined;
}

interface BlockRow {
  readonly fields: readonly string[];
  /** Who may say it; absent: everyone. */
  readonly role?: Role;
  readonly check?: (block: Place) => void;
}

/** What pictures and files cost in the prompt; a model's own number depends on their size. */
const IMAGE_TOKENS = 1_600;
const FILE_TOKENS = 1_500;

const BLOCKS: Readonly<Record<string, BlockRow>> = {
  text: { fields: ['text', 'cache_control', 'citations'], check: checkText },
  image: { fields: ['source', 'cache_control', 'transformations'], role: 'user', check: checkImage },
  document: { fields: ['source', 'cache_control', 'citations', 'context', 'title'], role: 'user', check: checkDocument },
  search_result: { fields: ['content', 'source', 'title', 'cache_control', 'citations'], role: 'user', check: checkSearchResult },
  thinking: { fields: ['thinking', 'signature'], role: 'assistant', check: checkThinking },
  redacted_thinking: { fields: ['data'], role: 'assistant', check: checkRedacted },
  tool_use: { fields: ['id', 'input', 'name', 'cache_control', 'caller', 'toolset_name'], role: 'assistant', check: checkToolUse },
  tool_result: {
    fields: ['tool_use_id', 'content', 'is_error', 'cache_control', 'toolset_name'],
    role: 'user',
    check: checkToolResult,
  },
};

/** What the vendor's own tools say and answer is passed on unread. */
const SERVER_TAGS = [
  'server_tool_use',
  'web_search_tool_result',
  'web_fetch_tool_result',
  'code_execution_tool_result',
  'bash_code_execution_tool_result',
  'text_editor_code_execution_tool_result',
  'tool_search_tool_result',
  'container_upload',
];
const TAGS = [...Object.keys(BLOCKS), ...SERVER_TAGS];

/** A text, or a list of blocks. Throws RequestRefused. */
export function readContent(at: string, content: unknown, role: Role): readonly Block[] {
  if (typeof content === 'string') return [blockOf({ at, value: { type: 'text', text: content } }, 'text')];
  return listAt(at, content).map((entry, index) => {
    const place = objectAt(below(at, index), entry);
    const type = tagAt(place, TAGS);
    const row = BLOCKS[type];
    if (row === undefined) return blockOf(place, type);
    if (role === 'system' && type !== 'text') refuseAt(place.at, `\`${type}\` blocks are not allowed in \`system\` messages`);
    if (row.role !== undefined && row.role !== role) refuseAt(place.at, `\`${type}\` blocks can only be in \`${row.role}\` messages`);
    onlyFields({ at: `${place.at}.${type}`, value: place.value }, ['type', ...row.fields]);
    row.check?.({ at: `${place.at}.${type}`, value: place.value });
    return blockOf(place, type);
  });
}

function blockOf({ at, value }: Place, type: string): Block {
  const attached = type === 'image' ? IMAGE_TOKENS : type === 'document' && !isReadable(value['source']) ? FILE_TOKENS : undefined;
  const text = attached === undefined ? textOfBlock(type, value) : `[${type} ${hashDigits(JSON.stringify(value), 0, 8)}]`;
  const tokens = attached ?? estimateTokens(text) + attachedTokens(value['content']);
  return { at, type, value, text, tokens, keepMs: keepMsOf(at, value['cache_control']) };
}

/** Pictures and files within a tool's result. */
function attachedTokens(content: unknown): number {
  if (!Array.isArray(content)) return 0;
  return content.reduce((total: number, part: unknown) => total + (isObject(part) && part['type'] === 'image' ? IMAGE_TOKENS : 0), 0);
}

function textOfBlock(type: string, value: JsonObject): string {
  switch (type) {
    case 'text':
      return String(value['text']);
    case 'thinking':
      return String(value['thinking']);
    case 'document':
      return textOfSource(value['source']);
    case 'tool_result':
      return `${String(value['tool_use_id'])}\n${innerText(value['content'])}`;
    default:
      return JSON.stringify({ ...value, cache_control: undefined });
  }
}

/** The text of a text, or of the text blocks of a list. */
export function innerText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : JSON.stringify(part)))
    .join('\n');
}

function isReadable(source: unknown): boolean {
  return isObject(source) && (source['type'] === 'text' || source['type'] === 'content');
}

/** The text of a document that carries one. */
export function textOfSource(source: unknown): string {
  if (!isObject(source)) return '';
  return source['type'] === 'text' ? String(source['data']) : innerText(source['content']);
}

const MINUTE_MS = 60_000;

export function keepMsOf(at: string, control: unknown): number | undefined {
  if (control === undefined || control === null) return undefined;
  const place = objectAt(`${at}.cache_control`, control);
  tagAt(place, ['ephemeral']);
  const long = { at: `${place.at}.ephemeral`, value: place.value };
  onlyFields(long, ['type', 'ttl']);
  const ttl = place.value['ttl'] === undefined ? '5m' : wordAt(below(long.at, 'ttl'), place.value['ttl'], ['5m', '1h']);
  return ttl === '1h' ? 60 * MINUTE_MS : 5 * MINUTE_MS;
}

function checkText(block: Place): void {
  const text = textAt(below(block.at, 'text'), required(block, 'text'));
  if (text !== '') return;
  if (block.value['cache_control'] !== undefined) refuseAt(block.at, 'cache_control cannot be set for empty text blocks');
  refuse('messages: text content blocks must be non-empty');
}

const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;

function checkImage(block: Place): void {
  checkSource(block, ['base64', 'url', 'file'], IMAGE_TYPES);
}

function checkDocument(block: Place): void {
  checkSource(block, ['base64', 'text', 'content', 'url', 'file'], ['application/pdf']);
}

const SOURCE_FIELD: Readonly<Record<string, string>> = { base64: 'data', text: 'data', content: 'content', url: 'url', file: 'file_id' };

function checkSource(block: Place, tags: readonly string[], mediaTypes: readonly string[]): void {
  const source = objectAt(below(block.at, 'source'), required(block, 'source'));
  const tag = tagAt(source, tags);
  const inner: Place = { at: `${source.at}.${tag}`, value: source.value };
  const field = SOURCE_FIELD[tag] ?? 'data';
  const value = required(inner, field);
  if (tag === 'content') return;
  const text = textAt(below(inner.at, field), value);
  if (tag === 'text') wordAt(below(inner.at, 'media_type'), required(inner, 'media_type'), ['text/plain']);
  if (tag !== 'base64') return;
  wordAt(below(inner.at, 'media_type'), required(inner, 'media_type'), mediaTypes);
  if (text === '' || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) refuseAt(inner.at, 'invalid base64 data');
}

function checkSearchResult(block: Place): void {
  for (const name of ['content', 'source', 'title']) required(block, name);
}

function checkThinking({ at, value }: Place): void {
  const block: Place = { at, value };
  const shown = textAt(below(at, 'thinking'), required(block, 'thinking'));
  const signature = textAt(below(at, 'signature'), required(block, 'signature'));
  const parent = at.replace(/\.thinking$/, '');
  if (openSeal('thinking', signature, shown) === undefined) refuseAt(parent, 'Invalid `signature` in `thinking` block');
}

function checkRedacted(block: Place): void {
  const data = textAt(below(block.at, 'data'), required(block, 'data'));
  const parent = block.at.replace(/\.redacted_thinking$/, '');
  if (openSeal('redacted', data) === undefined) refuseAt(parent, 'Invalid `data` in `redacted_thinking` block');
}

const ID = /^[a-zA-Z0-9_-]+$/;

function checkToolUse(block: Place): void {
  matching(below(block.at, 'id'), required(block, 'id'), ID);
  textAt(below(block.at, 'name'), required(block, 'name'));
  objectAt(below(block.at, 'input'), required(block, 'input'));
}

const RESULT_TAGS = ['text', 'image', 'search_result', 'document', 'tool_reference', 'browser_state'];

function checkToolResult(block: Place): void {
  matching(below(block.at, 'tool_use_id'), required(block, 'tool_use_id'), ID);
  const { content } = block.value;
  if (content === undefined || typeof content === 'string') return;
  for (const [index, part] of listAt(below(block.at, 'content'), content).entries()) {
    const place = objectAt(`${block.at}.content.${index}`, part);
    const tag = tagAt(place, RESULT_TAGS);
    if (tag === 'image') checkImage({ at: `${place.at}.image`, value: place.value });
    if (tag === 'text') textAt(`${place.at}.text.text`, required({ at: `${place.at}.text`, value: place.value }, 'text'));
  }
}

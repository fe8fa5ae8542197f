/** The content blocks of Converse, as they come in: what each says to the model, and what is refused in it. */
import { isObject, type JsonObject } from '../json-instance.ts';
import { openSeal } from '../seal.ts';
import { estimateTokens } from '../text.ts';
import { bytesAt, type Constraints, modelRefuses, objectAt, objectsAt, refuse, textAt } from './check.ts';

export interface Block {
  /** The member that is set: `text`, `toolUse` and so on. */
  readonly kind: string;
  /** As one counts and reads it; empty for what only marks a place. */
  readonly text: string;
  readonly tokens: number;
  /** Of a `toolUse` or `toolResult`. */
  readonly toolUseId?: string;
  /** A document of which citations are wanted. */
  readonly cited?: { readonly title: string; readonly text: string };
}

/** Where a block stands: `messages.0.content.0` in messages, `messages.1.member.content.1.member` in constraints. */
export interface BlockPlace {
  readonly at: string;
  readonly member: string;
  readonly constraints: Constraints;
}

const KINDS = [
  'text',
  'image',
  'document',
  'video',
  'audio',
  'toolUse',
  'toolResult',
  'guardContent',
  'cachePoint',
  'reasoningContent',
  'citationsContent',
  'searchResult',
] as const;

/** What a picture, a clip or a file is taken to cost. */
const MEDIA_TOKENS = 1_024;

/** Throws RequestRefused. */
export function readBlock(block: JsonObject, place: BlockPlace): Block {
  const kinds = KINDS.filter((name) => (block[name] ?? undefined) !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    return refuse(`The ContentBlock object at ${place.at} must set one of the following keys: ${KINDS.join(', ')}.`);
  }
  if (kind === 'text') return spoken(kind, textAt(block, 'text') ?? '', place);
  const value = objectAt(block, kind) ?? {};
  switch (kind) {
    case 'image':
    case 'video':
    case 'audio':
      return readMedia(kind, value, place);
    case 'document':
      return readDocument(value, place);
    case 'toolUse':
    case 'toolResult':
      return readTool(kind, value, place);
    case 'reasoningContent':
      return readReasoning(value, place);
    case 'guardContent':
      return spoken(kind, textAt(objectAt(value, 'text') ?? {}, 'text') ?? '', place);
    case 'citationsContent':
      return plain(kind, (objectsAt(value, 'content') ?? []).map((part) => textAt(part, 'text') ?? '').join(''));
    case 'searchResult':
      return plain(kind, (objectsAt(value, 'content') ?? []).map((part) => textAt(part, 'text') ?? '').join('\n'));
    case 'cachePoint':
      place.constraints.oneOf(value['type'], `${place.member}.cachePoint.type`, ['default']);
      return { kind, text: '', tokens: 0 };
  }
}

function plain(kind: string, text: string): Block {
  return { kind, text, tokens: estimateTokens(text) };
}

function spoken(kind: string, text: string, { at }: BlockPlace): Block {
  if (text.trim() === '') refuse(`The text field in the ContentBlock object at ${at} is blank. Add text to the text field, and try again.`);
  return plain(kind, text);
}

const FORMATS: Readonly<Record<string, readonly string[]>> = {
  image: ['png', 'jpeg', 'gif', 'webp'],
  video: ['mkv', 'mov', 'mp4', 'webm', 'flv', 'mpeg', 'mpg', 'wmv', 'three_gp'],
  audio: ['mp3', 'opus', 'wav', 'aac', 'flac', 'mp4', 'ogg', 'mkv', 'mka', 'x-aac', 'm4a', 'mpeg', 'mpga', 'pcm', 'webm'],
  document: ['pdf', 'csv', 'doc', 'docx', 'xls', 'xlsx', 'html', 'txt', 'md'],
};

function readMedia(kind: string, value: JsonObject, place: BlockPlace): Block {
  place.constraints.oneOf(value['format'], `${place.member}.${kind}.format`, FORMATS[kind] ?? []);
  const source = objectAt(value, 'source') ?? {};
  const bytes = bytesAt(source, 'bytes');
  const isThere = bytes === undefined ? objectAt(source, 's3Location') !== undefined : bytes !== '';
  if (!isThere) refuse(`The ${kind} source at ${place.at} must set bytes or s3Location.`);
  return { kind, text: `[${kind} ${Bun.hash.crc32(bytes ?? JSON.stringify(source))}]`, tokens: MEDIA_TOKENS };
}

const DOCUMENT_NAME = /^(?!.*\s\s)[A-Za-z0-9\s\-()[\]]+$/;

function readDocument(value: JsonObject, place: BlockPlace): Block {
  const name = textAt(value, 'name');
  place.constraints.required(name, `${place.member}.document.name`);
  if (name !== undefined && !DOCUMENT_NAME.test(name)) {
    refuse(
      "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets. The name can't contain more than one consecutive whitespace character.",
    );
  }
  const source = objectAt(value, 'source') ?? {};
  const bytes = bytesAt(source, 'bytes');
  const parts = objectsAt(source, 'content')?.map((part) => textAt(part, 'text') ?? '');
  const text = textAt(source, 'text') ?? parts?.join('\n') ?? '';
  if (bytes !== undefined) place.constraints.oneOf(value['format'], `${place.member}.document.format`, FORMATS['document'] ?? []);
  const isCited = objectAt(value, 'citations')?.['enabled'] === true;
  return {
    kind: 'document',
    text: text === '' ? `[document ${name} ${Bun.hash.crc32(bytes ?? JSON.stringify(source))}]` : text,
    tokens: text === '' ? MEDIA_TOKENS : estimateTokens(text),
    ...(isCited ? { cited: { title: name ?? '', text: text === '' ? 'A page' : text } } : {}),
  };
}

const TOOL_USE_ID = { pattern: /^[a-zA-Z0-9_.:-]+$/, max: 64 };
export const TOOL_NAME = { pattern: /^[a-zA-Z0-9_-]+$/, max: 64 };

function readTool(kind: 'toolUse' | 'toolResult', value: JsonObject, { at, member, constraints }: BlockPlace): Block {
  const toolUseId = textAt(value, 'toolUseId');
  constraints.matching(toolUseId, `${member}.${kind}.toolUseId`, TOOL_USE_ID);
  if (kind === 'toolUse') {
    constraints.matching(textAt(value, 'name'), `${member}.toolUse.name`, TOOL_NAME);
    if (constraints.required(value['input'], `${member}.toolUse.input`) && !isObject(value['input'])) {
      refuse(`The format of the value at ${at}.toolUse.input is invalid. Provide a json object for the field and try again.`);
    }
  } else {
    const content = objectsAt(value, 'content');
    constraints.required(content, `${member}.toolResult.content`);
    if (value['status'] !== undefined) constraints.oneOf(value['status'], `${member}.toolResult.status`, ['success', 'error']);
    if (value['status'] === 'error' && content?.length === 0) {
      refuse(`The content field at ${at}.toolResult cannot be empty when status value is error.`);
    }
  }
  return { ...plain(kind, JSON.stringify({ ...value, toolUseId: undefined })), toolUseId: toolUseId ?? '' };
}

/** Thoughts come back signed, as they were given; they are not read again. */
function readReasoning(value: JsonObject, { at }: BlockPlace): Block {
  const thought = objectAt(value, 'reasoningText');
  const redacted = bytesAt(value, 'redactedContent');
  if (redacted !== undefined && openSeal('redacted', redacted) === undefined) {
    modelRefuses(`${at}: Invalid \`data\` in \`redacted_thinking\` block`);
  }
  if (thought !== undefined) {
    const signature = textAt(thought, 'signature');
    if (signature === undefined) modelRefuses(`${at}.thinking.signature: Field required`);
    else if (openSeal('thinking', signature, textAt(thought, 'text') ?? '') === undefined) {
      modelRefuses(`${at}: Invalid \`signature\` in \`thinking\` block`);
    }
  }
  return { kind: 'reasoningContent', text: '', tokens: 0 };
}

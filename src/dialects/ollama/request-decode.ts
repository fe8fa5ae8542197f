/*
 * A chat of Ollama's in our words. A `generate` that says no more than a prompt, a system prompt and images is a chat of one turn.
 * Source: Ollama's docs/api.md and api/types.go.
 */

import type { ChatMessage, ChatPart, ChatRequest, ChatRole, ChatTool, OutputFormat, ReasoningWish } from '../../operations/chat.ts';
import type { Operation } from '../../operations/operation.ts';
import { isRecord } from '../dialect-errors.ts';
import { imageType, readDataUrl } from '../dialect-media.ts';
import { FieldReader } from '../dialect-reader.ts';
import { OLLAMA } from './dialect-name.ts';
import { readCall } from './tool-calls.ts';

/** Throws `request_invalid` with the field at fault. */
export function decodeChatRequest(operation: Operation): ChatRequest {
  const body = FieldReader.ofBody(operation.bytes);
  const unread = new Set<string>();
  // These are read elsewhere, or say nothing.
  for (const name of ['model', 'stream', 'suffix', 'template', 'raw', 'context']) body.any(name);
  const messages = operation.form === 'generate' ? readPrompt(body) : new MessageReader(unread).messages(body);
  if (messages.length === 0) throw body.wrong('messages', 'at least one message: no server behind this model loads models on demand');
  const tools = readTools(body, unread);
  const output = readFormat(body);
  const reasoning = readThink(body, unread);
  const probabilities = body.boolean('logprobs');
  const top = body.integer('top_logprobs') ?? 0;
  const request: ChatRequest = {
    messages,
    ...(tools.length === 0 ? {} : { tools }),
    ...(output === undefined ? {} : { output }),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...readOptions(body, unread),
    ...(probabilities === true ? { logProbabilities: { top: Math.min(20, Math.max(0, top)) } } : {}),
    unread: [],
  };
  body.leftOver(unread);
  return { ...request, unread: [...unread] };
}

function readPrompt(body: FieldReader): readonly ChatMessage[] {
  const system = body.string('system') ?? '';
  const prompt = body.string('prompt') ?? '';
  const parts: ChatPart[] = [...(prompt === '' ? [] : [{ kind: 'text' as const, text: prompt }]), ...readImages(body)];
  return [
    ...(system === '' ? [] : [{ role: 'system' as const, parts: [{ kind: 'text' as const, text: system }] }]),
    ...(parts.length === 0 ? [] : [{ role: 'user' as const, parts }]),
  ];
}

/** Base64; browsers' clients may send data URLs. What kind of image it is its first bytes tell. */
function readImages(reader: FieldReader): readonly ChatPart[] {
  return (reader.strings('images') ?? []).map((image): ChatPart => {
    const source = readDataUrl(image, 'image/png') ?? { kind: 'data' as const, media: imageType(image), base64: image };
    return { kind: 'image', source };
  });
}

const ROLES: Readonly<Record<string, ChatRole>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
};

interface OpenCall {
  readonly id: string;
  readonly name: string;
}

class MessageReader {
  readonly #unread: Set<string>;
  /** Calls that no result has come for, in their order. */
  readonly #open: OpenCall[] = [];
  #made = 0;

  constructor(unread: Set<string>) {
    this.#unread = unread;
  }

  messages(body: FieldReader): readonly ChatMessage[] {
    return body.objects('messages').map((message) => this.#message(message));
  }

  #message(message: FieldReader): ChatMessage {
    const said = message.requiredString('role');
    const role = Object.hasOwn(ROLES, said) ? ROLES[said] : undefined;
    if (role === undefined) throw message.wrong('role', '"system", "user", "assistant" or "tool"');
    const text = message.string('content') ?? '';
    const words: readonly ChatPart[] = text === '' ? [] : [{ kind: 'text', text }];
    const images = readImages(message);
    const parts =
      role === 'tool'
        ? [this.#result(message, [...words, ...images])]
        : [...this.#thoughts(message), ...words, ...images, ...this.#calls(message)];
    message.leftOver(this.#unread);
    return { role, parts, ...(said === 'developer' ? { developer: true as const } : {}) };
  }

  #thoughts(message: FieldReader): readonly ChatPart[] {
    const thinking = message.string('thinking') ?? '';
    return thinking === '' ? [] : [{ kind: 'reasoning', text: thinking }];
  }

  #calls(message: FieldReader): readonly ChatPart[] {
    return message.objects('tool_calls').map((given, index): ChatPart => {
      const call = readCall(given.value);
      if (call === undefined) throw message.wrong(`tool_calls[${index}].function`, 'an object with the name and arguments of a call');
      const id = call.id ?? `call_${this.#made}`;
      this.#made += 1;
      this.#open.push({ id, name: call.name });
      return { kind: 'tool-call', id, name: call.name, arguments: call.arguments };
    });
  }

  /** By its id; else by its tool's name; else it answers the first call that nothing has answered. */
  #result(message: FieldReader, parts: readonly ChatPart[]): ChatPart {
    const id = message.string('tool_call_id');
    const name = message.string('tool_name') ?? message.string('name');
    const byName = this.#open.findIndex((call) => (id === undefined ? name === undefined || call.name === name : call.id === id));
    const [answered] = byName === -1 ? [] : this.#open.splice(byName, 1);
    const callId = id ?? answered?.id ?? `call_${this.#made++}`;
    return { kind: 'tool-result', callId, parts, ...(name === undefined ? {} : { name }) };
  }
}

function readTools(body: FieldReader, unread: Set<string>): readonly ChatTool[] {
  return body.objects('tools').map((tool): ChatTool => {
    const type = tool.string('type') ?? 'function';
    const described = tool.object('function');
    if (type !== 'function' || described === undefined) return { kind: 'native', dialect: OLLAMA, name: type, value: tool.value };
    const description = described.string('description');
    const parameters = described.any('parameters');
    const read: ChatTool = {
      kind: 'function',
      name: described.requiredString('name'),
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters }),
    };
    described.leftOver(unread);
    return read;
  });
}

function readFormat(body: FieldReader): OutputFormat | undefined {
  const format = body.any('format');
  if (format === undefined || format === '') return undefined;
  if (format === 'json') return { kind: 'json' };
  if (isRecord(format)) return { kind: 'schema', schema: format };
  throw body.wrong('format', '"json" or a JSON schema');
}

const LEVELS = ['low', 'medium', 'high', 'max'] as const;

function readThink(body: FieldReader, unread: Set<string>): ReasoningWish | undefined {
  const think = body.any('think');
  if (think === undefined) return undefined;
  if (typeof think === 'boolean') return { enabled: think };
  const effort = LEVELS.find((level) => level === think);
  if (effort !== undefined) return { effort };
  unread.add('think');
  return undefined;
}

function readOptions(body: FieldReader, unread: Set<string>): Partial<ChatRequest> {
  const options = body.object('options');
  if (options === undefined) return {};
  const read: Record<string, unknown> = {};
  const note = (name: string, value: unknown): void => {
    if (value !== undefined) read[name] = value;
  };
  note('temperature', options.number('temperature'));
  note('topP', options.number('top_p'));
  note('minP', options.number('min_p'));
  note('frequencyPenalty', options.number('frequency_penalty'));
  note('presencePenalty', options.number('presence_penalty'));
  // Zero and below are Ollama's words for no limit, and for any seed.
  note('topK', above(0, options.integer('top_k')));
  note('outputTokensMax', above(0, options.integer('num_predict')));
  note('seed', above(-1, options.integer('seed')));
  const stop = options.any('stop');
  const stops = typeof stop === 'string' ? [stop] : options.strings('stop');
  note('stop', stops?.length === 0 ? undefined : stops);
  options.leftOver(unread);
  return read;
}

function above(limit: number, value: number | undefined): number | undefined {
  return value === undefined || value <= limit ? undefined : value;
}

/* The cases, read from `cases/<case>/case.yaml`: what each vendor's client sends and its server answers, or why that can't be said there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';
import type { Operation } from '../../src/operations/operation.ts';
import { anthropicMessagesWire } from './wire/anthropic-messages.ts';
import { bedrockConverseWire } from './wire/bedrock-converse.ts';
import { cohereWire } from './wire/cohere.ts';
import { geminiWire } from './wire/gemini.ts';
import { ollamaWire } from './wire/ollama.ts';
import { openaiChatWire } from './wire/openai-chat.ts';
import { openaiResponsesWire } from './wire/openai-responses.ts';
import { type JsonObject, merge, type Wire } from './wire/wire.ts';

export const WIRES: Readonly<Record<string, Wire>> = {
  'openai-chat': openaiChatWire,
  ollama: ollamaWire,
  'anthropic-messages': anthropicMessagesWire,
  'openai-responses': openaiResponsesWire,
  gemini: geminiWire,
  'bedrock-converse': bedrockConverseWire,
  cohere: cohereWire,
};

export const CASES_FOLDER = join(import.meta.dirname, 'cases');

/** A dialect that chats, with what its vendor puts on the wire. */
export interface Speaker {
  readonly name: string;
  readonly dialect: Dialect;
  readonly wire: Wire;
}

const CHATS = DIALECTS.filter(({ codecs }) => codecs.chat !== undefined);

/** In the order above, so that golden files do not change with the registry's. */
export const SPEAKERS: readonly Speaker[] = Object.entries(WIRES).flatMap(([name, wire]) => {
  const dialect = CHATS.find((chat) => chat.name === name);
  return dialect === undefined ? [] : [{ name, dialect, wire }];
});

for (const { name } of CHATS) if (WIRES[name] === undefined) throw new Error(`nothing says how '${name}' looks on the wire`);

/** What a dialect says in a case, or a sentence on why it can't. */
const sayings = z.strictObject(
  Object.fromEntries(Object.keys(WIRES).map((name) => [name, z.union([z.string().endsWith('.'), z.record(z.string(), z.unknown())])])),
);

const caseSchema = z.strictObject({
  about: z.string().endsWith('.'),
  /** Pieces that several dialects share, as YAML anchors. */
  shared: z.unknown().optional(),
  /** Another name of the model, for all dialects. */
  model: z.string().optional(),
  /** Absent: the plainest question. */
  request: sayings.optional(),
  /** Absent: the plainest answer. */
  reply: sayings.optional(),
});

export interface Case {
  readonly name: string;
  readonly about: string;
  /** Undefined where the dialect can't say it. */
  request(name: string): NativeRequest | undefined;
  reply(name: string): JsonObject | undefined;
  /** It is about answers, or about requests; most are about one of them. */
  readonly hasReply: boolean;
  readonly hasRequest: boolean;
}

export interface NativeRequest {
  /** Some dialects name it in the path. */
  readonly model: string;
  readonly body: JsonObject;
}

type Sayings = Readonly<Record<string, unknown>>;

function readCase(name: string): z.output<typeof caseSchema> {
  return caseSchema.parse(parse(readFileSync(join(CASES_FOLDER, name, 'case.yaml'), 'utf8')));
}

const PLAIN = readCase('plain-text');

export const CASES: readonly Case[] = readdirSync(CASES_FOLDER)
  .toSorted()
  .map((name): Case => {
    const { about, model, request, reply } = readCase(name);
    return {
      name,
      about,
      hasRequest: request !== undefined || model !== undefined,
      hasReply: reply !== undefined,
      request: (dialect) => {
        const said = request === undefined ? {} : (request as Sayings)[dialect];
        return typeof said === 'object' && said !== null ? nativeRequest(dialect, said as JsonObject, model) : undefined;
      },
      reply: (dialect) => {
        const said = ((reply ?? PLAIN.reply) as Sayings)[dialect];
        return typeof said === 'object' && said !== null ? wireOf(dialect).reply(said as JsonObject) : undefined;
      },
    };
  });

/** The plainest question and answer of a dialect. */
export function plain(dialect: string): { readonly request: NativeRequest; readonly reply: JsonObject } {
  return { request: nativeRequest(dialect, {}, undefined), reply: wireOf(dialect).reply((PLAIN.reply as Sayings)[dialect] as JsonObject) };
}

function wireOf(dialect: string): Wire {
  const wire = WIRES[dialect];
  if (wire === undefined) throw new Error(`there is no dialect '${dialect}'`);
  return wire;
}

function nativeRequest(dialect: string, said: JsonObject, given: string | undefined): NativeRequest {
  const wire = wireOf(dialect);
  const named = said['model'];
  const model = given ?? (typeof named === 'string' ? named : wire.model);
  const { model: _model, ...body } = merge(wire.request, said);
  return { model, body: wire.request['model'] === undefined ? body : { ...body, model } };
}

/** A request as the dialect's route reads it. */
export function operationOf({ dialect, wire }: Speaker, { model, body }: NativeRequest, isStreamed = false): Operation {
  const bytes = Buffer.from(JSON.stringify(isStreamed ? merge(body, wire.streamed) : body));
  return decodeBytes({ dialect, wire }, model, bytes, isStreamed);
}

export function decodeBytes(
  { dialect, wire }: Pick<Speaker, 'dialect' | 'wire'>,
  model: string,
  bytes: Uint8Array,
  isStreamed: boolean,
): Operation {
  return dialect.decode('chat', bytes, { ...wire.hints?.(isStreamed), params: { model }, hasModel: () => true });
}

/*
 * What the simulated model answers, before any dialect puts it into words. In order:
 *   - told to refuse: a refusal;
 *   - tools given, and asked for (required, named, or the last user message contains "tool" or a tool's name): tool calls, one for
 *     each tool that the message names, or one of the first tool. A reply to a tool's result is text, so agents come to an end;
 *   - asked for JSON: a small instance of the schema;
 *   - the last user message begins with `echo:`: the rest of that message;
 *   - else prose, which begins with what was attached: `I see 2 images.`
 */
import type { Faults } from './faults.ts';
import { isObject, jsonInstance } from './json-instance.ts';
import { cutAtStop, hash, hashDigits, prose, seededRandom, tokenize } from './text.ts';

export interface Tool {
  readonly name: string;
  /** JSON Schema of the arguments. */
  readonly parameters: unknown;
}

export interface Question {
  /** All that was said, as one text: the same text has the same answer. */
  readonly conversation: string;
  /** What the user said last; empty when the last message is not the user's. */
  readonly lastUserText: string;
  readonly tools: readonly Tool[];
  /** `required`, `none`, a tool's name, or undefined: the model decides. */
  readonly toolChoice: string | undefined;
  readonly parallelTools: boolean;
  /** `json`, a JSON Schema, or undefined: prose. */
  readonly format: unknown;
  readonly stops: readonly string[];
  /** Most tokens to answer; undefined: no limit. */
  readonly tokensMax: number | undefined;
  /** What came with the last message, such as `1 image`, for prose to acknowledge. */
  readonly attached?: readonly string[];
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
}

export type Answer =
  | {
      readonly kind: 'text';
      readonly tokens: readonly string[];
      readonly finish: 'stop' | 'length';
      /** The stop sequence that ended it. */
      readonly stop?: string;
    }
  | { readonly kind: 'refusal'; readonly tokens: readonly string[] }
  | { readonly kind: 'tools'; readonly calls: readonly ToolCall[] };

const REFUSAL_TEXT = 'I’m sorry, but I can’t help with that request.';

/** The answer to a question. Several answers to one question differ by their seed. */
export function answer(question: Question, faults: Faults, seed: number): Answer {
  if (faults.refusal) return { kind: 'refusal', tokens: tokenize(REFUSAL_TEXT) };
  const wanted = wantedTools(question);
  if (wanted.length > 0)
    return { kind: 'tools', calls: wanted.map((tool, index) => callOf(tool, `${index}\n${question.conversation}`, seed)) };

  const { tokens, stop } = cutAtStop(wordsFor(question, faults, seed), question.stops);
  const tokensMax = question.tokensMax ?? tokens.length;
  if (tokens.length > tokensMax) return { kind: 'text', tokens: tokens.slice(0, tokensMax), finish: 'length' };
  return { kind: 'text', tokens, finish: 'stop', ...(stop === undefined ? {} : { stop }) };
}

const THOUGHT_TOKENS = 12;

/** What the model thinks before it answers, where it is asked to. */
export function thoughtsOf(conversation: string, seed: number): readonly string[] {
  return prose(THOUGHT_TOKENS, seededRandom(hash(`thinking\n${conversation}`, seed)));
}

/** `1 image`, `2 images`; nothing for none. */
export function countOf(count: number, noun: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${noun}${count === 1 ? '' : 's'}`];
}

/** Tokens that an answer is billed as. */
export function answerTokens(given: Answer): number {
  return given.kind === 'tools' ? given.calls.reduce((total, call) => total + callPieces(call).length + 1, 0) : given.tokens.length;
}

/** The arguments of a call as the pieces in which they are streamed. */
export function callPieces(call: ToolCall): readonly string[] {
  return tokenize(JSON.stringify(call.arguments));
}

function wordsFor(question: Question, faults: Faults, seed: number): readonly string[] {
  const random = seededRandom(hash(question.conversation, seed));
  if (question.format !== undefined) {
    const schema = isObject(question.format) ? question.format : { type: 'object', required: ['answer'] };
    return tokenize(JSON.stringify(jsonInstance(schema, random)));
  }
  if (/^echo:/i.test(question.lastUserText)) return tokenize(question.lastUserText.slice('echo:'.length).trim());
  // Drawn even when the length is told: the words stay the same then.
  const length = 16 + Math.floor(random() * 32);
  return acknowledged(question.attached ?? [], prose(faults.tokens ?? length, random));
}

/** As long as before: what is said of the attachments takes the place of the first words. */
function acknowledged(attached: readonly string[], words: readonly string[]): readonly string[] {
  if (attached.length === 0) return words;
  const first = tokenize(`I see ${attached.join(' and ')}.`);
  return [...first.slice(0, words.length), ...words.slice(first.length)];
}

function wantedTools(question: Question): readonly Tool[] {
  const { tools, toolChoice, lastUserText } = question;
  if (tools.length === 0 || toolChoice === 'none') return [];
  const named = tools.filter((tool) => tool.name === toolChoice);
  if (named.length > 0) return named;

  const mentioned = tools.filter((tool) => lastUserText.includes(tool.name));
  if (mentioned.length === 0 && toolChoice !== 'required' && !/\btools?\b/i.test(lastUserText)) return [];
  const chosen = mentioned.length > 0 ? mentioned : tools.slice(0, 1);
  return question.parallelTools ? chosen : chosen.slice(0, 1);
}

function callOf(tool: Tool, asked: string, seed: number): ToolCall {
  const key = `${tool.name}\n${asked}`;
  return {
    id: `call_${hashDigits(key, seed)}`,
    name: tool.name,
    arguments: jsonInstance(tool.parameters ?? { type: 'object' }, seededRandom(hash(key, seed))),
  };
}

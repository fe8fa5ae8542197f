/** What the model says, as blocks: thoughts, text with what it cites, calls of tools. Converse and Anthropic's body put the same into words. */
import { type Answer, answer, answerTokens, callPieces, type ToolCall, thoughtsOf } from '../answer.ts';
import type { Faults } from '../faults.ts';
import { seal } from '../seal.ts';
import type { ConverseRequest } from './request.ts';

export interface Cited {
  readonly title: string;
  readonly text: string;
  /** Which of the documents. */
  readonly index: number;
}

export type SaidBlock =
  | { readonly kind: 'thought'; readonly tokens: readonly string[]; readonly signature: string }
  | { readonly kind: 'redacted'; readonly data: string }
  | { readonly kind: 'text'; readonly tokens: readonly string[]; readonly cited: readonly Cited[] }
  | { readonly kind: 'tool'; readonly call: ToolCall; readonly tokens: readonly string[] };

export interface Said {
  readonly blocks: readonly SaidBlock[];
  readonly end: 'turn' | 'length' | 'stop' | 'tool' | 'refusal' | 'guardrail';
  readonly stopSequence: string | null;
  readonly outputTokens: number;
}

const GUARDRAIL_TEXT = 'Sorry, the model cannot answer this question.';

/** The guardrail answers in the model's place. */
export const BLOCKED: Said = {
  blocks: [{ kind: 'text', tokens: [GUARDRAIL_TEXT], cited: [] }],
  end: 'guardrail',
  stopSequence: null,
  outputTokens: 0,
};

export function sayAll(request: ConverseRequest, faults: Faults, seed: number): Said {
  const { question, thinking } = request;
  const thoughts = thinking === undefined ? [] : thoughtsOf(question.conversation, seed);
  const given = answer(question, faults, seed);
  return {
    blocks: [...thoughtBlocks(thoughts, thinking === 'redacted'), ...blocksOf(given, request)],
    end: endOf(given),
    stopSequence: given.kind === 'text' ? (given.stop ?? null) : null,
    outputTokens: thoughts.length + answerTokens(given),
  };
}

function endOf(given: Answer): Said['end'] {
  if (given.kind === 'tools') return 'tool';
  if (given.kind === 'refusal') return 'refusal';
  if (given.finish === 'length') return 'length';
  return given.stop === undefined ? 'turn' : 'stop';
}

function thoughtBlocks(thoughts: readonly string[], isRedacted: boolean): readonly SaidBlock[] {
  const text = thoughts.join('');
  if (text === '') return [];
  if (isRedacted) return [{ kind: 'redacted', data: seal('redacted', text) }];
  return [{ kind: 'thought', tokens: thoughts, signature: seal('thinking', text, text) }];
}

const QUOTE_CHARS = 60;

function blocksOf(given: Answer, { cited }: ConverseRequest): readonly SaidBlock[] {
  if (given.kind === 'tools') {
    return given.calls.map((call) => ({
      kind: 'tool',
      call: { ...call, id: `tooluse_${call.id.slice('call_'.length)}` },
      tokens: callPieces(call),
    }));
  }
  if (given.tokens.length === 0) return [];
  const quotes = given.kind === 'text' ? cited.map(({ title, text }, index) => ({ title, text: text.slice(0, QUOTE_CHARS), index })) : [];
  return [{ kind: 'text', tokens: given.tokens, cited: quotes }];
}

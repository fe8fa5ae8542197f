/** Puts an answer into the output items of a response: reasoning, a message, calls of tools. */
import { type Answer, answer, answerTokens, callPieces, type ToolCall, thoughtsOf } from '../answer.ts';
import type { Faults } from '../faults.ts';
import { logprobsOf } from '../logprobs.ts';
import { seal } from '../seal.ts';
import { hashDigits, tokenize } from '../text.ts';
import { SEAL_PREFIX } from './items.ts';
import type { ResponseRequest } from './request.ts';
import type { ContentPart, OutputItem } from './shapes.ts';

/** An item with the pieces in which it is streamed. */
export interface OutputScript {
  readonly item: OutputItem;
  readonly tokens: readonly string[];
}

export interface Output {
  readonly scripts: readonly OutputScript[];
  /** The reasoning in full, whatever is shown of it. */
  readonly thoughts: string;
  readonly reasoningTokens: number;
  readonly outputTokens: number;
  /** Cut short by `max_output_tokens`. */
  readonly isIncomplete: boolean;
}

const NOTHING: Output = { scripts: [], thoughts: '', reasoningTokens: 0, outputTokens: 0, isIncomplete: false };

/** What is answered. Ids follow from the response's own. */
export function outputOf(request: ResponseRequest, faults: Faults, { id, seed }: { readonly id: string; readonly seed: number }): Output {
  if (!request.generate) return NOTHING;
  const idOf = (prefix: string, key: string) => `${prefix}_${hashDigits(`${id}\n${prefix}\n${key}`, seed, 48)}`;
  const thoughts = request.isReasoning ? thoughtsOf(request.question.conversation, seed).slice(0, request.tokensMax) : [];
  const room = request.tokensMax - thoughts.length;
  const given = answer({ ...request.question, tokensMax: room }, faults, seed);
  const reasoning = thoughts.length === 0 ? [] : [reasoningScript(thoughts, request, idOf('rs', ''))];
  const answered = answerScripts(given, request, idOf);
  return {
    scripts: [...reasoning, ...answered],
    thoughts: thoughts.join(''),
    reasoningTokens: thoughts.length,
    outputTokens: thoughts.length + answerTokens(given),
    isIncomplete: given.kind === 'text' && given.finish === 'length',
  };
}

function reasoningScript(thoughts: readonly string[], request: ResponseRequest, id: string): OutputScript {
  const shown = request.showsSummary ? thoughts : [];
  const sealed = request.sealsReasoning ? { encrypted_content: SEAL_PREFIX + seal('reasoning', thoughts.join('')) } : {};
  return {
    item: { id, type: 'reasoning', summary: shown.length === 0 ? [] : [{ type: 'summary_text', text: shown.join('') }], ...sealed },
    tokens: shown,
  };
}

function answerScripts(given: Answer, request: ResponseRequest, idOf: (prefix: string, key: string) => string): readonly OutputScript[] {
  if (given.kind === 'tools') return given.calls.map((call, index) => callScript(call, request, (prefix) => idOf(prefix, `${index}`)));
  if (given.tokens.length === 0) return [];
  const text = given.tokens.join('');
  const { topLogprobs } = request;
  const part: ContentPart =
    given.kind === 'refusal'
      ? { type: 'refusal', refusal: text }
      : { type: 'output_text', annotations: [], logprobs: topLogprobs === undefined ? [] : logprobsOf(given.tokens, topLogprobs), text };
  const status = given.kind === 'text' && given.finish === 'length' ? 'incomplete' : 'completed';
  return [{ item: { id: idOf('msg', ''), type: 'message', status, content: [part], role: 'assistant' }, tokens: given.tokens }];
}

function callScript(call: ToolCall, request: ResponseRequest, idOf: (prefix: string) => string): OutputScript {
  const base = { status: 'completed' as const, call_id: call.id, name: call.name };
  if (request.tools.some(({ name, isCustom }) => isCustom && name === call.name)) {
    const input = String(call.arguments);
    return { item: { id: idOf('ctc'), type: 'custom_tool_call', ...base, input }, tokens: tokenize(input) };
  }
  const tokens = callPieces(call);
  return { item: { id: idOf('fc'), type: 'function_call', ...base, arguments: tokens.join('') }, tokens };
}

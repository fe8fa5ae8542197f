/** Puts an answer into Anthropic's content blocks: thoughts, text with its citations, calls of tools. */
import { type Answer, answer, callPieces, type ToolCall, thoughtsOf } from '../answer.ts';
import type { Faults } from '../faults.ts';
import { isObject } from '../json-instance.ts';
import { seal } from '../seal.ts';
import { dropStart, tokenize } from '../text.ts';
import { type Block, innerText, textOfSource } from './content.ts';
import type { MessagesRequest } from './request.ts';
import { type BlockDelta, BY_MODEL, type ContentBlock, type StopDetails, type StopReason, type TextCitation } from './shapes.ts';

/** A block, whole and in pieces. */
export interface BlockScript {
  readonly whole: ContentBlock;
  /** How it begins in a stream. */
  readonly open: ContentBlock;
  /** Before the tokens. */
  readonly before: readonly BlockDelta[];
  /** One for each token. */
  readonly tokens: readonly BlockDelta[];
  readonly after: readonly BlockDelta[];
  /** Tokens that it is billed as; thoughts are counted apart. */
  readonly cost: number;
}

export interface Said {
  readonly blocks: readonly BlockScript[];
  readonly thinkingTokens: number;
  readonly outputTokens: number;
  readonly stopReason: StopReason;
  readonly stopSequence: string | null;
  readonly stopDetails: StopDetails | null;
}

/** What is said, thoughts first. */
export function sayAll(request: MessagesRequest, faults: Faults, seed: number): Said {
  const thoughts = thoughtsBefore(request, seed);
  const given = answerTo(request, faults, { seed, room: request.tokensMax - thoughts.length });
  const answered = blocksOf(given, request);
  return {
    blocks: [...thinkingBlocks(thoughts, request), ...answered],
    thinkingTokens: thoughts.length,
    outputTokens: thoughts.length + answered.reduce((total, { cost }) => total + cost, 0),
    ...endOf(given, faults),
  };
}

function thoughtsBefore({ thinking, prefill, question, tokensMax }: MessagesRequest, seed: number): readonly string[] {
  return thinking === undefined || prefill !== undefined ? [] : thoughtsOf(question.conversation, seed).slice(0, tokensMax);
}

/** The vendor documents a text that is refused, for tests. */
const REFUSAL_TRIGGER = 'ANTHROPIC_MAGIC_STRING_TRIGGER_REFUSAL_';

/** Goes on with what the assistant had said, where it is what we would have said. */
function answerTo(request: MessagesRequest, faults: Faults, { seed, room }: { seed: number; room: number }): Answer {
  const { question, prefill } = request;
  const isRefused = question.lastUserText.includes(REFUSAL_TRIGGER);
  const given = answer(
    { ...question, tokensMax: prefill === undefined ? room : undefined },
    isRefused ? { ...faults, refusal: true } : faults,
    seed,
  );
  if (given.kind !== 'text') return given;
  const isOurs = prefill !== undefined && given.tokens.join('').startsWith(prefill);
  const tokens = isOurs ? dropStart(given.tokens, prefill.length) : given.tokens;
  if (faults.pauseTurn) return { kind: 'text', tokens: tokens.slice(0, Math.ceil(Math.min(tokens.length, room) / 2)), finish: 'stop' };
  return tokens.length > room ? { kind: 'text', tokens: tokens.slice(0, room), finish: 'length' } : { ...given, tokens };
}

function endOf(given: Answer, faults: Faults): Pick<Said, 'stopReason' | 'stopSequence' | 'stopDetails'> {
  const end = { stopSequence: null, stopDetails: null };
  switch (given.kind) {
    case 'tools':
      return { ...end, stopReason: 'tool_use' };
    case 'refusal':
      return {
        ...end,
        stopReason: 'refusal',
        stopDetails: { type: 'refusal', category: 'general_harms', explanation: given.tokens.join('') },
      };
    case 'text':
      if (faults.pauseTurn) return { ...end, stopReason: 'pause_turn' };
      if (given.finish === 'length') return { ...end, stopReason: 'max_tokens' };
      return given.stop === undefined
        ? { ...end, stopReason: 'end_turn' }
        : { ...end, stopReason: 'stop_sequence', stopSequence: given.stop };
  }
}

function blocksOf(given: Answer, request: MessagesRequest): readonly BlockScript[] {
  switch (given.kind) {
    case 'refusal':
      return [textBlock(given.tokens, [])];
    case 'tools': {
      // A forced call is made without a word.
      const names = given.calls.map(({ name }) => name).join(' and ');
      const words = request.question.toolChoice === undefined ? [textBlock(tokenize(`I’ll use ${names}.`), [])] : [];
      return [...words, ...given.calls.map(toolBlock)];
    }
    case 'text': {
      if (given.tokens.length === 0) return [];
      const citations = request.cited.map(citationOf);
      if (citations.length === 0) return [textBlock(given.tokens, [])];
      // What is cited stands in a block of its own.
      const half = Math.floor(given.tokens.length / 2);
      const [before, after] = [given.tokens.slice(0, half), given.tokens.slice(half)];
      return [...(before.length === 0 ? [] : [textBlock(before, [])]), textBlock(after, citations)];
    }
  }
}

function thinkingBlocks(thoughts: readonly string[], { thinking }: MessagesRequest): readonly BlockScript[] {
  const text = thoughts.join('');
  if (text === '') return [];
  if (thinking === 'redacted') {
    const block: ContentBlock = { type: 'redacted_thinking', data: seal('redacted', text) };
    return [{ whole: block, open: block, before: [], tokens: [], after: [], cost: 0 }];
  }
  const shown = thinking === 'shown' ? thoughts : [];
  const signature = seal('thinking', text, shown.join(''));
  return [
    {
      whole: { type: 'thinking', thinking: shown.join(''), signature },
      open: { type: 'thinking', thinking: '', signature: '' },
      before: [],
      tokens: shown.map((thought) => ({ type: 'thinking_delta', thinking: thought })),
      after: [{ type: 'signature_delta', signature }],
      cost: 0,
    },
  ];
}

function textBlock(tokens: readonly string[], citations: readonly TextCitation[]): BlockScript {
  return {
    whole: { type: 'text', text: tokens.join(''), ...(citations.length === 0 ? {} : { citations: [...citations] }) },
    open: { type: 'text', text: '', ...(citations.length === 0 ? {} : { citations: [] }) },
    before: [],
    tokens: tokens.map((text) => ({ type: 'text_delta', text })),
    after: citations.map((citation) => ({ type: 'citations_delta', citation })),
    cost: tokens.length,
  };
}

function toolBlock(call: ToolCall): BlockScript {
  const { name } = call;
  const id = call.id.replace('call_', 'toolu_01');
  const pieces = callPieces(call);
  const block = (input: unknown): ContentBlock => ({ type: 'tool_use', id, name, input, caller: BY_MODEL });
  return {
    whole: block(call.arguments),
    open: block({}),
    before: [{ type: 'input_json_delta', partial_json: '' }],
    tokens: pieces.map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
    after: [],
    cost: pieces.length + 1,
  };
}

const QUOTE_CHARS = 60;

/** A quotation from the beginning of what was attached. */
function citationOf({ type, value }: Block, index: number): TextCitation {
  const title = typeof value['title'] === 'string' ? value['title'] : null;
  if (type === 'search_result') {
    const quoted = innerText(value['content']).slice(0, QUOTE_CHARS);
    const place = { search_result_index: index, source: String(value['source']), start_block_index: 0, end_block_index: 1 };
    return { type: 'search_result_location', cited_text: quoted, title, ...place };
  }
  const quoted = textOfSource(value['source']).slice(0, QUOTE_CHARS);
  const document = { cited_text: quoted, document_index: index, document_title: title, file_id: null };
  const kind = isObject(value['source']) ? value['source']['type'] : undefined;
  if (kind === 'text') return { type: 'char_location', ...document, start_char_index: 0, end_char_index: quoted.length };
  if (kind === 'content') return { type: 'content_block_location', ...document, start_block_index: 0, end_block_index: 1 };
  return { type: 'page_location', ...document, start_page_number: 1, end_page_number: 2 };
}

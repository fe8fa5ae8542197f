/*
 * What a conversation must hold together: every call of a tool is answered in the next message, every answer has its call, and while thinking is
 * on, the thoughts that led to a call come with it. Wording as callers of the API report it.
 */
import { refuse, refuseAt } from './check.ts';
import type { Block, Role } from './content.ts';

export interface HistoryMessage {
  readonly index: number;
  readonly role: Role;
  readonly blocks: readonly Block[];
}

/** Messages of one role that follow each other: the API takes them as one. */
interface Turn {
  readonly index: number;
  readonly role: Role;
  readonly blocks: readonly Block[];
}

const THINKING_DOCS = 'Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking';

/** Throws RequestRefused. */
export function checkHistory(messages: readonly HistoryMessage[], isThinking: boolean): void {
  const turns = turnsOf(messages);
  if (turns[0]?.role !== 'user') refuse('messages: first message must use the "user" role');
  for (const [position, turn] of turns.entries()) {
    if (turn.blocks.length === 0 && position < turns.length - 1)
      refuse(`messages.${turn.index}: all messages must have non-empty content except for the optional final assistant message`);
    if (turn.role === 'assistant') checkCalls(turn, turns[position + 1]);
    else checkResults(turn, turns[position - 1]);
  }
  const last = turns.at(-1);
  if (last?.role === 'user' && last.blocks.length === 0) refuse(`messages.${last.index}: user messages must have non-empty content`);
  if (last?.role === 'assistant' && /\s$/.test(last.blocks.at(-1)?.text ?? '') && last.blocks.at(-1)?.type === 'text')
    refuse('messages: final assistant content cannot end with trailing whitespace');
  if (isThinking) checkThoughts(turns);
}

function turnsOf(messages: readonly HistoryMessage[]): readonly Turn[] {
  const turns: Turn[] = [];
  // Instructions in between belong to nobody's turn.
  for (const { index, role, blocks } of messages.filter((message) => message.role !== 'system')) {
    const before = turns.at(-1);
    if (before?.role === role) turns[turns.length - 1] = { ...before, blocks: [...before.blocks, ...blocks] };
    else turns.push({ index, role, blocks });
  }
  return turns;
}

function checkCalls(turn: Turn, next: Turn | undefined): void {
  const ids = turn.blocks.filter(({ type }) => type === 'tool_use').map(({ value }) => String(value['id']));
  if (new Set(ids).size < ids.length) refuseAt(`messages.${turn.index}`, '`tool_use` ids must be unique');
  const answered = new Set<string>();
  // Results come first: what stands after a text is no answer to the call.
  for (const { type, value } of next?.blocks ?? []) {
    if (type !== 'tool_result') break;
    answered.add(String(value['tool_use_id']));
  }
  const missing = ids.filter((id) => !answered.has(id));
  if (missing.length === 0) return;
  refuseAt(
    `messages.${turn.index}`,
    `\`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
  );
}

function checkResults(turn: Turn, before: Turn | undefined): void {
  const asked = new Set((before?.blocks ?? []).filter(({ type }) => type === 'tool_use').map(({ value }) => value['id']));
  const seen = new Set<unknown>();
  for (const { at, type, value } of turn.blocks) {
    if (type !== 'tool_result') continue;
    const id = value['tool_use_id'];
    if (!asked.has(id)) {
      refuseAt(
        at,
        `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${String(id)}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      );
    }
    if (seen.has(id)) {
      refuseAt(at, `each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${String(id)}`);
    }
    seen.add(id);
  }
}

/** In a round of tools the assistant's first message begins with what it thought. */
function checkThoughts(turns: readonly Turn[]): void {
  let first: Turn | undefined;
  for (const turn of turns.toReversed()) {
    if (turn.role === 'assistant') first = turn;
    else if (!turn.blocks.some(({ type }) => type === 'tool_result')) break;
  }
  const [begin] = first?.blocks ?? [];
  if (begin === undefined || begin.type === 'thinking' || begin.type === 'redacted_thinking') return;
  refuseAt(
    `${begin.at}.type`,
    `Expected \`thinking\` or \`redacted_thinking\`, but found \`${begin.type}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable \`thinking\`. ${THINKING_DOCS}`,
  );
}

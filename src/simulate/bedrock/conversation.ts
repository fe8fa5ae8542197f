/** The messages of Converse, and what holds them together. Wording: Bedrock's, as its callers report it. */
import type { JsonObject } from '../json-instance.ts';
import { type Constraints, modelRefuses, objectsAt, refuse, textAt } from './check.ts';
import { type Block, readBlock } from './content.ts';

export interface Message {
  readonly role: string;
  readonly blocks: readonly Block[];
}

/** Throws RequestRefused. */
export function readMessages(body: JsonObject, constraints: Constraints): readonly Message[] {
  const messages = objectsAt(body, 'messages') ?? [];
  if (messages.length === 0) refuse('messages: at least one message is required');
  const read = messages.map((message, index): Message => {
    const member = `messages.${index + 1}.member`;
    const role = textAt(message, 'role');
    constraints.oneOf(role, `${member}.role`, ['user', 'assistant']);
    const content = objectsAt(message, 'content');
    constraints.required(content, `${member}.content`);
    const blocks = (content ?? []).map((block, position) =>
      readBlock(block, { at: `messages.${index}.content.${position}`, member: `${member}.content.${position + 1}.member`, constraints }),
    );
    return { role: role ?? '', blocks };
  });
  constraints.check();
  checkRoles(read);
  return read;
}

function checkRoles(messages: readonly Message[]): void {
  if (messages[0]?.role !== 'user') {
    refuse('A conversation must start with a user message. Try again with a conversation that starts with a user message.');
  }
  for (const [index, { role, blocks }] of messages.entries()) {
    if (index > 0 && messages[index - 1]?.role === role) {
      refuse(
        'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.',
      );
    }
    if (blocks.length === 0) {
      refuse(
        `The content field in the Message object at messages.${index} is empty. Add a ContentBlock object to the content field and try again.`,
      );
    }
    if (blocks.some(({ kind }) => kind === 'document') && !blocks.some(({ kind }) => kind === 'text')) {
      refuse('A text block must be included when using documents.');
    }
  }
}

/** Each call of a tool is answered in the next message, and each answer has its call. Throws RequestRefused. */
export function checkTools(messages: readonly Message[], hasTools: boolean): void {
  const isUsed = messages.some(({ blocks }) => blocks.some(({ toolUseId }) => toolUseId !== undefined));
  if (isUsed && !hasTools) refuse('The toolConfig field must be defined when using toolUse and toolResult content blocks.');
  for (const [index, message] of messages.entries()) {
    const asked = idsOf(messages[index - 1], 'toolUse');
    const given = idsOf(message, 'toolResult');
    if (given.length > asked.length) {
      refuse(`The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`);
    }
    const missing = asked.filter((id) => !given.includes(id));
    if (missing.length > 0) refuse(`Expected toolResult blocks at messages.${index}.content for the following Ids: ${missing.join(', ')}`);
    if (new Set(idsOf(message, 'toolUse')).size < idsOf(message, 'toolUse').length) {
      refuse(`The toolUse blocks at messages.${index}.content contain duplicate Ids.`);
    }
  }
  const last = idsOf(messages.at(-1), 'toolUse');
  if (last.length > 0)
    refuse(`Expected toolResult blocks at messages.${messages.length}.content for the following Ids: ${last.join(', ')}`);
}

/** While thinking is on, the thoughts that led to a call come with it. Throws RequestRefused. */
export function checkThoughts(messages: readonly Message[]): void {
  const spoken = messages.findLastIndex(({ role, blocks }) => role === 'user' && !blocks.some(({ kind }) => kind === 'toolResult'));
  for (const [index, { role, blocks }] of messages.entries()) {
    if (index < spoken || role !== 'assistant' || idsOf({ role, blocks }, 'toolUse').length === 0) continue;
    const found = blocks[0]?.kind === 'toolUse' ? 'tool_use' : blocks[0]?.kind;
    if (found !== 'reasoningContent') {
      modelRefuses(
        `messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${found}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks).`,
      );
    }
    return;
  }
}

function idsOf(message: Message | undefined, kind: string): readonly string[] {
  return (message?.blocks ?? []).filter((block) => block.kind === kind).map(({ toolUseId = '' }) => toolUseId);
}

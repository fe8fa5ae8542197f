/*
 * Images and files in tool results, for targets that take nothing but text there though they take them from the user: what a tool gave is shown right after
 * the results of that round, in a turn of the user's, and the result says so. Without it an agent that has once looked at a screenshot would be refused for the
 * rest of its talk.
 */

import type { ChatMessage, ChatPart, ToolResultPart } from './chat.ts';

/** Undefined where no result holds anything but text. */
export function withMediaAfterTools(messages: readonly ChatMessage[]): readonly ChatMessage[] | undefined {
  if (!messages.some(({ parts }) => parts.some((part) => part.kind === 'tool-result' && part.parts.some(isMedia)))) return undefined;
  const moved: ChatMessage[] = [];
  let media: ChatPart[] = [];
  for (const message of messages) {
    // The results of a round stand together; nothing may come between them.
    if (message.role !== 'tool' && media.length > 0) {
      moved.push({ role: 'user', parts: media });
      media = [];
    }
    moved.push({ ...message, parts: message.parts.map((part) => (part.kind === 'tool-result' ? withoutMedia(part, media) : part)) });
  }
  return media.length === 0 ? moved : [...moved, { role: 'user', parts: media }];
}

function withoutMedia(result: ToolResultPart, media: ChatPart[]): ToolResultPart {
  const shown = result.parts.filter(isMedia);
  if (shown.length === 0) return result;
  media.push({ kind: 'text', text: `Result of the call '${result.callId}':` }, ...shown);
  return { ...result, parts: [...result.parts.filter((part) => !isMedia(part)), { kind: 'text', text: SEE_BELOW }] };
}

const SEE_BELOW = '(shown in the message after the results)';

function isMedia({ kind }: ChatPart): boolean {
  return kind === 'image' || kind === 'file';
}

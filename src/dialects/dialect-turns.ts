import type { ChatMessage, ChatPart } from '../operations/chat.ts';

/** The user's turn of a dialect that puts results of tools into it: they become messages of their own, in their places. */
export function userMessages(parts: readonly ChatPart[]): ChatMessage[] {
  const messages: { role: 'user' | 'tool'; parts: ChatPart[] }[] = [];
  for (const part of parts) {
    const role = part.kind === 'tool-result' ? 'tool' : 'user';
    const last = messages.at(-1);
    if (last?.role === role) last.parts.push(part);
    else messages.push({ role, parts: [part] });
  }
  return messages.length === 0 ? [{ role: 'user', parts: [] }] : messages;
}

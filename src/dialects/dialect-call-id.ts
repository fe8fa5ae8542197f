import { createHash, randomUUID } from 'node:crypto';
import type { ChatMessage, ChatPart } from '../operations/chat.ts';

/** An id for a tool call of a server that gives none. No two are the same, not even in two answers of one conversation: some vendors refuse that. */
export function createCallId(): string {
  return `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
}

/** Messages whose calls and results go by ids of so many letters and digits. Equal ids stay equal, also in a later request; those that fit stay as they are. */
export function withCallIds(messages: readonly ChatMessage[], chars: number): readonly ChatMessage[] {
  const fits = new RegExp(`^[A-Za-z0-9]{${chars}}$`);
  const fitted = (id: string): string =>
    fits.test(id)
      ? id
      : createHash('sha256')
          .update(id)
          .digest('base64')
          .replaceAll(/[^A-Za-z0-9]/g, '')
          .slice(0, chars);
  const part = (given: ChatPart): ChatPart => {
    if (given.kind === 'tool-call') return { ...given, id: fitted(given.id) };
    return given.kind === 'tool-result' ? { ...given, callId: fitted(given.callId) } : given;
  };
  return messages.map((message) => ({ ...message, parts: message.parts.map(part) }));
}

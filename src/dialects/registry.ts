import { createApiChat } from './api-chat.ts';
import type { CallerDialect, Dialect } from './dialect.ts';
import { ollama } from './ollama/ollama.ts';
import { openaiChat } from './openai-chat/openai-chat.ts';
import { createQuery } from './query/query.ts';
import { createSimpleChat, isSimpleChat } from './simple-chat/simple-chat.ts';
import { createUnifiedChat } from './unified-chat/unified-chat.ts';

/** Every dialect that targets speak. To add one: its folder, and a line here. */
export const DIALECTS: readonly Dialect[] = [openaiChat, ollama];

/** The one whose files, uploads and batches are served. */
export const FILES_DIALECT: Dialect = openaiChat;

/** Those that callers alone speak, in front of one that targets do. */
const simple = createSimpleChat(openaiChat);
const CALLER_DIALECTS: readonly CallerDialect[] = [
  createUnifiedChat(openaiChat),
  createQuery(openaiChat),
  createApiChat({ name: 'api-chat', native: ollama, isSimple: isSimpleChat, simple }),
  createApiChat({ name: 'api-chat-beside-service', native: ollama, isSimple: isSimpleChat, simple: undefined }),
];

export const DIALECTS_BY_NAME: ReadonlyMap<string, Dialect> = byName(DIALECTS);

/** All that a route may speak with its callers. */
export const CALLER_DIALECTS_BY_NAME: ReadonlyMap<string, CallerDialect> = byName([...DIALECTS, ...CALLER_DIALECTS]);

function byName<Kind extends CallerDialect>(dialects: readonly Kind[]): ReadonlyMap<string, Kind> {
  return new Map(dialects.map((dialect) => [dialect.name, dialect]));
}

import type { Dialect } from './dialect.ts';
import { ollama } from './ollama/ollama.ts';
import { openaiChat } from './openai-chat/openai-chat.ts';

/** Every dialect there is. To add one: its folder, and a line here. */
export const DIALECTS: readonly Dialect[] = [openaiChat, ollama];

export const DIALECTS_BY_NAME: ReadonlyMap<string, Dialect> = new Map(DIALECTS.map((dialect) => [dialect.name, dialect]));

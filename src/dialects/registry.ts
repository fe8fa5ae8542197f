import { anthropicMessages } from './anthropic-messages/anthropic-messages.ts';
import { createApiChat } from './api-chat.ts';
import { bedrockConverse } from './bedrock-converse/bedrock-converse.ts';
import { createBedrockInvoke } from './bedrock-converse/invoke.ts';
import { cohere } from './cohere/cohere.ts';
import type { CallerDialect, Dialect } from './dialect.ts';
import { createRerankChoice } from './dialect-rerank-choice.ts';
import { gemini } from './gemini/gemini.ts';
import { jina } from './jina/jina.ts';
import { ollama } from './ollama/ollama.ts';
import { openaiChat } from './openai-chat/openai-chat.ts';
import { openaiResponses } from './openai-responses/openai-responses.ts';
import { createQuery } from './query/query.ts';
import { createSimpleChat, isSimpleChat } from './simple-chat/simple-chat.ts';
import { tei } from './tei/tei.ts';
import { createUnifiedChat } from './unified-chat/unified-chat.ts';
import { createVertexRawPredict } from './vertex-raw-predict/vertex-raw-predict.ts';
import { voyage } from './voyage/voyage.ts';

/** Every dialect that targets speak. To add one: its folder, and a line here. */
export const DIALECTS: readonly Dialect[] = [
  openaiChat,
  openaiResponses,
  anthropicMessages,
  gemini,
  bedrockConverse,
  cohere,
  ollama,
  jina,
  voyage,
  tei,
];

/** The one whose files, uploads and batches are served. */
export const FILES_DIALECT: Dialect = openaiChat;

/** The one that the gateway asks models in by itself: it embeds, reranks and chats, and says what a text is embedded for. */
export const CONTEXT_DIALECT: Dialect = cohere;

/** Those that callers alone speak, in front of one that targets do. */
const simple = createSimpleChat(openaiChat);
const CALLER_DIALECTS: readonly CallerDialect[] = [
  createUnifiedChat(openaiChat),
  createQuery(openaiChat),
  createBedrockInvoke(anthropicMessages),
  createVertexRawPredict(anthropicMessages),
  createApiChat({ name: 'api-chat', native: ollama, isSimple: isSimpleChat, simple }),
  createApiChat({ name: 'api-chat-beside-service', native: ollama, isSimple: isSimpleChat, simple: undefined }),
  createRerankChoice({ name: 'rerank', usual: jina, marked: voyage, marks: ['top_k', 'truncation'], others: ['top_n'] }),
];

export const DIALECTS_BY_NAME: ReadonlyMap<string, Dialect> = byName(DIALECTS);

/** All that a route may speak with its callers. */
export const CALLER_DIALECTS_BY_NAME: ReadonlyMap<string, CallerDialect> = byName([...DIALECTS, ...CALLER_DIALECTS]);

function byName<Kind extends CallerDialect>(dialects: readonly Kind[]): ReadonlyMap<string, Kind> {
  return new Map(dialects.map((dialect) => [dialect.name, dialect]));
}

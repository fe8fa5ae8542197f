/* What the older gateways' chats say of themselves. */

import { z } from 'zod';
import { ollamaChatReply, ollamaChatRequest } from '../dialects/ollama/schemas.ts';
import { queryRequest } from '../dialects/query/query-form.ts';
import { queryReply } from '../dialects/query/reply-schemas.ts';
import { simpleChatReply } from '../dialects/simple-chat/reply-schemas.ts';
import { simpleChatRequest } from '../dialects/simple-chat/simple-chat.ts';
import { unifiedChatChunk, unifiedChatReply } from '../dialects/unified-chat/reply-schemas.ts';
import { unifiedChatRequest } from '../dialects/unified-chat/request.ts';
import { jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';
import type { ExampleModels } from './example-models.ts';

const messages = [{ role: 'user', content: 'What do you know about me?' }];

export function unifiedChatDocs({ chat: model }: ExampleModels): RouteDocs {
  return {
    tag: 'Assistant',
    summary: 'Unified chat',
    description:
      'A chat with what is known of the user and the documents around it. `context` tells what the model was given, `metadata` how long each part took, whether the turn is stored and, in `skipped` and `left_out`, what had no part in the answer and why. A `gatehouse` block says what the table has no fields for, as at `/v1/chat/completions`.',
    body: {
      content: {
        'application/json': {
          schema: unifiedChatRequest,
          examples: {
            plain: { summary: 'With every default', value: { model, messages: [{ role: 'user', content: 'Hello!' }] } },
            full: {
              summary: 'Everything said',
              value: {
                model,
                messages,
                user_id: 'alice-001',
                use_memory: true,
                use_rag: true,
                store_memory: true,
                rag_k: 3,
                memory_limit: 5,
                max_tokens: 200,
              },
            },
            streamed: { summary: 'Streamed', value: { model, messages, stream: true } },
          },
        },
      },
    },
    replies: [
      {
        status: 200,
        description: 'The answer: whole, or as events when `stream` is true.',
        content: {
          ...jsonContent(unifiedChatReply),
          'text/event-stream': {
            schema: z
              .string()
              .describe('`data: ` with a UnifiedChatChunk each; the last is `data: [DONE]`. A failure is an event with `error`.'),
            events: unifiedChatChunk,
          },
        },
      },
    ],
    errors: ['field_invalid'],
  };
}

export function apiChatDocs({ chat: model }: ExampleModels): RouteDocs {
  return {
    tag: 'Assistant',
    summary: 'Simple chat, or Ollama chat',
    description:
      'With `message`: one message in, one text out; the same message of the same user gets the same answer for five minutes, from the cache. With `model` and `messages`: the chat of the Ollama API, streamed as lines of JSON unless `stream` is false.',
    body: {
      content: {
        'application/json': {
          schema: z.union([simpleChatRequest, ollamaChatRequest]),
          examples: {
            simple: { summary: 'A message', value: { message: 'Hello', user_id: 'test', model } },
            ollama: { summary: 'A chat of Ollama', value: { model, messages, stream: false } },
          },
        },
      },
    },
    replies: [{ status: 200, description: 'The answer.', content: jsonContent(z.union([simpleChatReply, ollamaChatReply])) }],
    errors: ['field_invalid'],
  };
}

export function queryDocs({ chat: model }: ExampleModels): RouteDocs {
  return {
    tag: 'Knowledge',
    summary: 'Query',
    description: 'A question in, an answer with its sources out. `metadata.left_out` says what had no part in the answer.',
    body: {
      content: {
        'application/json': {
          schema: queryRequest,
          examples: {
            capital: {
              summary: 'A question',
              value: {
                query: 'What is the capital of France?',
                session_id: 'session-1',
                options: { model, max_tokens: 1000, temperature: 0.7 },
              },
            },
          },
        },
      },
    },
    replies: [{ status: 200, description: 'The answer.', content: jsonContent(queryReply) }],
  };
}

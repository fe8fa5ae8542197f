/* What the routes of the Responses API say of themselves. */

import { z } from 'zod';
import {
  compactReply,
  inputTokensReply,
  responseDeleted,
  responseEvent,
  responseItems,
  responseReply,
} from '../dialects/openai-responses/reply-schemas.ts';
import { compactRequest, inputTokensRequest, responseRequest } from '../dialects/openai-responses/request-schemas.ts';
import { jsonContent, type ParameterDocs, type RouteDocs } from '../pipeline/route-docs.ts';
import type { ExampleModels } from './example-models.ts';

const QUESTION = 'What does a gatehouse do?';

function createDocs({ chat: model }: ExampleModels): RouteDocs {
  return {
    tag: 'Chat',
    summary: 'Response',
    description:
      "OpenAI's Responses API, answered by any configured model. To a server that speaks it the request passes as it was sent; to any other model it is translated, and the `x-gatehouse-*` headers say what it lost. `previous_response_id` works with both. The same path takes a WebSocket, over which each `response.create` is a request of its own.",
    body: {
      content: {
        'application/json': {
          schema: responseRequest,
          examples: {
            whole: { summary: 'A whole answer', value: { model, input: QUESTION } },
            streamed: { summary: 'A streamed answer', value: { model, input: QUESTION, stream: true } },
            conversation: {
              summary: 'A conversation that is kept nowhere',
              value: {
                model,
                instructions: 'You are a helpful assistant.',
                input: [{ role: 'user', content: [{ type: 'input_text', text: QUESTION }] }],
                store: false,
              },
            },
          },
        },
      },
    },
    replies: [
      {
        status: 200,
        description: 'The answer: whole, or as events when `stream` is true.',
        content: {
          ...jsonContent(responseReply),
          'text/event-stream': {
            schema: z.string().describe('`event: ` with the type, and `data: ` with a ResponseEvent each. A failure is an event `error`.'),
            events: responseEvent,
          },
        },
      },
    ],
    errors: ['previous_response_not_found', 'item_not_found', 'feature_unsupported'],
  };
}

function tokensDocs({ chat: model }: ExampleModels): RouteDocs {
  return {
    tag: 'Chat',
    summary: 'Tokens of a response',
    description: 'How many tokens a request would be, by the model that would answer. Nothing is generated.',
    body: { content: jsonContent(inputTokensRequest, { model, input: QUESTION }) },
    replies: [{ status: 200, description: 'The count.', content: jsonContent(inputTokensReply) }],
    errors: ['previous_response_not_found', 'item_not_found', 'feature_unsupported'],
  };
}

function compactDocs({ chat: model }: ExampleModels): RouteDocs {
  return {
    tag: 'Chat',
    summary: 'Compacted conversation',
    description:
      'A long conversation in a shorter form, which only the vendor can read. Models that are not served by the Responses API have no such form.',
    body: { content: jsonContent(compactRequest, { model, input: [{ role: 'user', content: QUESTION }] }) },
    replies: [{ status: 200, description: 'What to send as input from now on.', content: jsonContent(compactReply) }],
    errors: ['model_dialect_unsupported'],
  };
}

export const RESPONSES_MODEL_DOCS = { chat: createDocs, 'count-tokens': tokensDocs, compact: compactDocs };

/** OpenAPI has no words for WebSockets: the route beside it says that there is one. */
export const RESPONSES_SOCKET_DOCS: RouteDocs = {
  tag: 'Chat',
  summary: 'Responses over WebSocket',
  description: 'Each message `response.create` is a request; the events of its answer come back as messages.',
  replies: [{ status: 101, description: 'The connection is a WebSocket.' }],
  unlisted: true,
};

const ID: ParameterDocs = {
  name: 'id',
  in: 'path',
  description: 'The id of a response.',
  example: 'resp_00000000000000000000',
};
const ERRORS = ['resource_unknown', 'feature_unsupported'] as const;

export const STORED_DOCS = {
  read: {
    tag: 'Chat',
    summary: 'A stored response',
    description: 'The response as the server keeps it that answered: only one that speaks the Responses API does.',
    parameters: [ID],
    replies: [
      {
        status: 200,
        description: 'The response; as events where the query asks for a stream.',
        content: { ...jsonContent(responseReply), 'text/event-stream': { schema: z.string(), events: responseEvent } },
      },
    ],
    errors: ERRORS,
  },
  delete: {
    tag: 'Chat',
    summary: 'Delete a stored response',
    description: 'The response is forgotten by the server that keeps it, or by the gateway where it keeps the conversation itself.',
    parameters: [ID],
    replies: [{ status: 200, description: 'It is gone.', content: jsonContent(responseDeleted) }],
    errors: ERRORS,
  },
  items: {
    tag: 'Chat',
    summary: 'Input of a stored response',
    description: 'What the model was told, item by item, as the server keeps it that answered.',
    parameters: [ID],
    replies: [{ status: 200, description: 'The items.', content: jsonContent(responseItems) }],
    errors: ERRORS,
  },
  cancel: {
    tag: 'Chat',
    summary: 'Call off a response',
    description: 'Ends a response that is made in the background (`background: true`).',
    parameters: [ID],
    replies: [{ status: 200, description: 'The response as it stands.', content: jsonContent(responseReply) }],
    errors: ERRORS,
  },
} as const satisfies Readonly<Record<string, RouteDocs>>;

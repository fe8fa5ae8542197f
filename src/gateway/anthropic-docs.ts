/* What the routes of Anthropic's API say of themselves. */

import { z } from 'zod';
import { countTokensRequest, messageEvent, messagesReply, messagesRequest, tokenCount } from '../dialects/anthropic-messages/schemas.ts';
import { jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';
import type { ExampleModels } from './example-models.ts';

export function messagesDocs({ chat: model }: ExampleModels): RouteDocs {
  const messages = [{ role: 'user', content: 'What does a gatehouse do?' }];
  const system = 'You are a helpful assistant.';
  return {
    tag: 'Chat',
    summary: 'Messages',
    description:
      "Anthropic's messages, answered by any configured model. To a model that speaks this API the request passes as it was sent, `anthropic-version` and `anthropic-beta` with it; for others it is translated, and headers say what that changed.",
    parameters: [
      { name: 'anthropic-version', in: 'header', description: 'Handed on to Anthropic. Default: 2023-06-01.' },
      { name: 'anthropic-beta', in: 'header', description: 'Handed on to Anthropic as it is.' },
    ],
    body: {
      content: {
        'application/json': {
          schema: messagesRequest,
          examples: {
            whole: { summary: 'A whole answer', value: { model, max_tokens: 256, system, messages } },
            streamed: { summary: 'A streamed answer', value: { model, max_tokens: 256, messages, stream: true } },
          },
        },
      },
    },
    replies: [
      {
        status: 200,
        description: 'The answer: whole, or as events when `stream` is true.',
        content: {
          ...jsonContent(messagesReply),
          'text/event-stream': {
            schema: z
              .string()
              .describe('Named events with a MessageEvent each; the last is `message_stop`. A failure is an event `error`.'),
            events: messageEvent,
          },
        },
      },
    ],
    errors: ['feature_unsupported', 'model_dialect_unsupported'],
  };
}

export function countTokensDocs({ chat: model }: ExampleModels): RouteDocs {
  return {
    tag: 'Chat',
    summary: 'Tokens of a message',
    description:
      'How many tokens a request would have. Asked of a target that counts; where none does, it is estimated here, and `x-gatehouse-tokens: estimated` says so.',
    body: { content: jsonContent(countTokensRequest, { model, messages: [{ role: 'user', content: 'Hello' }] }) },
    replies: [{ status: 200, description: 'The number.', content: jsonContent(tokenCount, { input_tokens: 8 }) }],
  };
}

const VERTEX_PLACE = 'my-project/locations/global';
const VERSION = 'vertex-2023-10-16';
const VERTEX_BODY = {
  anthropic_version: VERSION,
  max_tokens: 256,
  messages: [{ role: 'user', content: 'What does a gatehouse do?' }],
};
const vertexRequest = messagesRequest
  .omit({ model: true })
  .extend({ anthropic_version: z.string().describe('`vertex-2023-10-16`.') })
  .meta({ id: 'RawPredictRequest', description: "Anthropic's messages request as Vertex AI takes it." });

const vertexCountRequest = countTokensRequest
  .extend({ anthropic_version: z.string().describe('`vertex-2023-10-16`.') })
  .meta({ id: 'CountTokensRawPredictRequest', description: 'A messages request to count the tokens of, as Vertex AI takes it.' });

export function vertexDocs({ chat }: ExampleModels, isStreamed: boolean): RouteDocs {
  const { replies } = messagesDocs({ chat, embed: chat });
  const [reply] = replies;
  const media = isStreamed ? 'text/event-stream' : 'application/json';
  const content = reply?.content?.[media];
  return {
    tag: 'Chat',
    summary: isStreamed ? "Messages in Vertex AI's form, streamed" : "Messages in Vertex AI's form",
    description: "Anthropic's messages with the path and body of Vertex AI, answered by any configured model.",
    parameters: [
      {
        name: 'path',
        in: 'path',
        description:
          'Project, location and model: `{project}/locations/{location}/publishers/anthropic/models/{model}`. Only the model counts.',
        example: `${VERTEX_PLACE}/publishers/anthropic/models/${chat}`,
      },
    ],
    body: { content: jsonContent(vertexRequest, isStreamed ? { ...VERTEX_BODY, stream: true } : VERTEX_BODY) },
    replies: [{ status: 200, description: 'The answer.', ...(content === undefined ? {} : { content: { [media]: content } }) }],
    errors: ['feature_unsupported', 'model_dialect_unsupported'],
  };
}

export function vertexCountDocs({ chat: model }: ExampleModels): RouteDocs {
  return {
    ...countTokensDocs({ chat: model, embed: model }),
    summary: "Tokens of a message, in Vertex AI's form",
    parameters: [{ name: 'path', in: 'path', description: 'Project and location.', example: VERTEX_PLACE }],
    body: { content: jsonContent(vertexCountRequest, { anthropic_version: VERSION, model, messages: VERTEX_BODY.messages }) },
  };
}

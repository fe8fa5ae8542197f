/* What the routes of Bedrock's API say of themselves. */

import { z } from 'zod';
import { messagesReply, messagesRequest } from '../dialects/anthropic-messages/schemas.ts';
import { converseReply, converseRequest } from '../dialects/bedrock-converse/schemas.ts';
import { jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';
import type { ExampleModels } from './example-models.ts';

const ERRORS = ['feature_unsupported', 'model_dialect_unsupported', 'signature_invalid'] as const;
const BODY = { messages: [{ role: 'user', content: [{ text: 'What does a gatehouse do?' }] }], inferenceConfig: { maxTokens: 256 } };

const FRAMES = {
  'application/vnd.amazon.eventstream': { schema: z.string().meta({ format: 'binary' }).describe('Frames, each with a JSON payload.') },
};

export function converseDocs({ chat }: ExampleModels): RouteDocs {
  return {
    tag: 'Chat',
    summary: 'Converse',
    description:
      "Amazon Bedrock's Converse, answered by any configured model. To a model of Bedrock the request passes as it was sent; for others it is translated, and headers say what that changed. Callers send their key as `Authorization: Bearer`, or sign with AWS Signature Version 4: the name of the key is the access key id, the key its secret.",
    parameters: [modelParameter(chat)],
    body: { content: jsonContent(converseRequest, BODY) },
    replies: [{ status: 200, description: 'The answer.', content: jsonContent(converseReply) }],
    errors: ERRORS,
  };
}

export function converseStreamDocs({ chat }: ExampleModels): RouteDocs {
  return {
    tag: 'Chat',
    summary: 'Converse, streamed',
    description: "As Converse, answered piece by piece in AWS's binary frames.",
    parameters: [modelParameter(chat)],
    body: { content: jsonContent(converseRequest, BODY) },
    replies: [
      {
        status: 200,
        description:
          'The answer as frames: `messageStart`, blocks, `messageStop`, and last `metadata`. A failure is a frame of the type `exception`.',
        content: FRAMES,
      },
    ],
    errors: ERRORS,
  };
}

const INVOKED = {
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 256,
  messages: [{ role: 'user', content: 'What does a gatehouse do?' }],
};
const invokeRequest = messagesRequest
  .omit({ model: true, stream: true })
  .extend({ anthropic_version: z.string().describe('`bedrock-2023-05-31`.') })
  .meta({ id: 'InvokeRequest', description: "Anthropic's messages request as Amazon Bedrock takes it." });

export function invokeDocs({ chat }: ExampleModels): RouteDocs {
  return {
    tag: 'Chat',
    summary: 'InvokeModel',
    description:
      "Amazon Bedrock's InvokeModel with the body of Anthropic's messages, answered by any configured model. Bodies of other vendors are not read: Converse is for those. Callers sign, or send their key, as for Converse.",
    parameters: [modelParameter(chat)],
    body: { content: jsonContent(invokeRequest, INVOKED) },
    replies: [{ status: 200, description: "The answer, as Anthropic's API tells it.", content: jsonContent(messagesReply) }],
    errors: ERRORS,
  };
}

export function invokeStreamDocs({ chat }: ExampleModels): RouteDocs {
  return {
    tag: 'Chat',
    summary: 'InvokeModel, streamed',
    description: "As InvokeModel, answered piece by piece: each of Anthropic's events in a frame `chunk` of AWS's.",
    parameters: [modelParameter(chat)],
    body: { content: jsonContent(invokeRequest, INVOKED) },
    replies: [{ status: 200, description: 'The answer as frames. A failure is a frame of the type `exception`.', content: FRAMES }],
    errors: ERRORS,
  };
}

function modelParameter(example: string) {
  return {
    name: 'model',
    in: 'path',
    description: 'A name from `GET /v1/models`, an alias, or `provider/model`; escaped where it holds a slash or a colon.',
    example,
  } as const;
}

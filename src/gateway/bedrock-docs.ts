/* What the routes of Bedrock's API say of themselves. */

import { z } from 'zod';
import { converseReply, converseRequest } from '../dialects/bedrock-converse/schemas.ts';
import { jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';
import type { ExampleModels } from './example-models.ts';

const ERRORS = ['feature_unsupported', 'model_dialect_unsupported', 'signature_invalid'] as const;
const BODY = { messages: [{ role: 'user', content: [{ text: 'What does a gatehouse do?' }] }], inferenceConfig: { maxTokens: 256 } };

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
        content: {
          'application/vnd.amazon.eventstream': {
            schema: z.string().meta({ format: 'binary' }).describe('Frames, each with a JSON payload.'),
          },
        },
      },
    ],
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

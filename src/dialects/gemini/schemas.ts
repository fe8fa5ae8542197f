/* What /openapi.json says of requests, replies and errors of this dialect: the fields that the gateway knows; others pass. */

import { z } from 'zod';

export const geminiError = z
  .looseObject({
    error: z.looseObject({
      code: z.int().describe('The HTTP status.'),
      message: z.string().describe('What went wrong, for people.'),
      status: z.string().describe("Google's canonical name for the kind of error."),
      details: z
        .array(z.looseObject({ '@type': z.string() }))
        .describe("The gateway's code as the `reason` of an `ErrorInfo`, and the field at fault."),
    }),
  })
  .meta({ id: 'GeminiError', description: 'An error as the Gemini API tells it.' });

const content = z
  .looseObject({
    role: z.enum(['user', 'model']).optional(),
    parts: z
      .array(z.looseObject({}))
      .describe('Text, `inlineData`, `fileData`, `functionCall`, `functionResponse`, and what else the model takes.'),
  })
  .meta({ id: 'GeminiContent', description: 'A turn of a conversation.' });

export const generateRequest = z
  .looseObject({
    contents: z.array(content).min(1),
    systemInstruction: content.optional(),
    tools: z.array(z.looseObject({})).optional(),
    toolConfig: z.looseObject({}).optional(),
    generationConfig: z.looseObject({}).optional(),
    safetySettings: z.array(z.looseObject({})).optional(),
    cachedContent: z.string().optional(),
  })
  .meta({ id: 'GeminiRequest', description: 'A request of the Gemini API; fields that are not named here pass.' });

export const generateReply = z
  .looseObject({
    candidates: z
      .array(z.looseObject({ content: content.optional(), finishReason: z.string().optional(), index: z.int().optional() }))
      .optional(),
    promptFeedback: z.looseObject({}).optional(),
    usageMetadata: z.looseObject({}).optional(),
    modelVersion: z.string().optional(),
    responseId: z.string().optional(),
  })
  .meta({ id: 'GeminiReply', description: 'An answer of the Gemini API, or a piece of one in a stream.' });

export const countRequest = z
  .looseObject({ contents: z.array(content).optional(), generateContentRequest: generateRequest.optional() })
  .meta({ id: 'GeminiCountRequest', description: 'Turns, or a whole request.' });
export const countReply = z.looseObject({ totalTokens: z.int().min(0) }).meta({ id: 'GeminiCount', description: 'A number of tokens.' });

const embedOne = z.looseObject({
  model: z.string().optional(),
  content,
  taskType: z.string().optional(),
  outputDimensionality: z.int().min(1).optional(),
});
export const embedRequest = embedOne.meta({ id: 'GeminiEmbedRequest', description: 'A text to turn into a vector.' });
export const batchRequest = z
  .looseObject({ requests: z.array(embedOne).min(1) })
  .meta({ id: 'GeminiBatchEmbedRequest', description: 'Texts to turn into vectors.' });
const vector = z.looseObject({ values: z.array(z.number()) });
export const embedReply = z.looseObject({ embedding: vector }).meta({ id: 'GeminiEmbedding', description: 'A vector.' });
export const batchReply = z
  .looseObject({ embeddings: z.array(vector) })
  .meta({ id: 'GeminiEmbeddings', description: 'Vectors, in the order of the texts.' });

export const geminiModel = z
  .looseObject({
    name: z.string().describe('`models/` and the name that requests use.'),
    displayName: z.string(),
    description: z.string(),
    supportedGenerationMethods: z.array(z.string()),
  })
  .meta({ id: 'GeminiModel', description: 'A model.' });
export const geminiModels = z
  .looseObject({ models: z.array(geminiModel), nextPageToken: z.string().optional() })
  .meta({ id: 'GeminiModels', description: 'One page of models.' });

/* What the model routes say of themselves. Examples name a model of this configuration, so that they can be tried as they are. */

import { z } from 'zod';
import { anthropicModel, anthropicModelList } from '../dialects/anthropic-messages/schemas.ts';
import { chatChunk, chatReply, completionReply, embeddingReply, modelEntry, modelList } from '../dialects/openai-chat/reply-schemas.ts';
import { chatRequest, completionRequest, embeddingRequest } from '../dialects/openai-chat/request-schemas.ts';
import type { OperationKind } from '../operations/operation.ts';
import { jsonContent, type ParameterDocs, type ReplyDocs, type RouteDocs } from '../pipeline/route-docs.ts';
import type { ExampleModels } from './example-models.ts';

const CREATED = 1_767_225_600;

function chatDocs({ chat: model }: ExampleModels): RouteDocs {
  const messages = [
    { role: 'system', content: 'You are a helpful assistant.' },
    { role: 'user', content: 'What does a gatehouse do?' },
  ];
  const answer = {
    id: 'chatcmpl-9f8e7d6c5b4a',
    object: 'chat.completion',
    created: CREATED,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: 'It guards the way in.' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 24, completion_tokens: 6, total_tokens: 30 },
  };
  return {
    tag: 'Chat',
    summary: 'Chat completion',
    description:
      "OpenAI's chat completions, answered by any configured model. The request passes to the model as it was sent. When a target fails before its first token, the next one answers.",
    body: {
      content: {
        'application/json': {
          schema: chatRequest,
          examples: {
            whole: { summary: 'A whole answer', value: { model, messages } },
            streamed: {
              summary: 'A streamed answer, with usage',
              value: { model, messages, stream: true, stream_options: { include_usage: true } },
            },
            repeatable: { summary: 'The same answer every time', value: { model, messages, temperature: 0, max_tokens: 64 } },
          },
        },
      },
    },
    replies: [
      {
        status: 200,
        description: 'The answer: whole, or as events when `stream` is true.',
        content: {
          ...jsonContent(chatReply, answer),
          'text/event-stream': {
            schema: z
              .string()
              .describe('`data: ` with a ChatCompletionChunk each; the last is `data: [DONE]`. A failure is an event with `error`.'),
            events: chatChunk,
            examples: { stream: { summary: 'Two events and the end', value: streamExample(model) } },
          },
        },
      },
    ],
  };
}

function streamExample(model: string): string {
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ id: 'chatcmpl-9f8e7d6c5b4a', object: 'chat.completion.chunk', created: CREATED, model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  return `${chunk({ role: 'assistant', content: 'It guards' }, null)}${chunk({}, 'stop')}data: [DONE]\n\n`;
}

function completionDocs({ chat: model }: ExampleModels): RouteDocs {
  return {
    tag: 'Chat',
    summary: 'Text completion',
    description: "OpenAI's older completions: a text goes in, and goes on. For models that still offer it.",
    body: {
      content: {
        'application/json': {
          schema: completionRequest,
          examples: {
            whole: { summary: 'A whole answer', value: { model, prompt: 'Once upon a time', max_tokens: 16 } },
            streamed: { summary: 'A streamed answer', value: { model, prompt: 'Once upon a time', max_tokens: 16, stream: true } },
          },
        },
      },
    },
    replies: [
      {
        status: 200,
        description: 'The text: whole, or as events when `stream` is true.',
        content: {
          ...jsonContent(completionReply),
          'text/event-stream': {
            schema: z.string().describe('`data: ` with a Completion each; the last is `data: [DONE]`.'),
            events: completionReply,
          },
        },
      },
    ],
  };
}

function embeddingDocs({ embed: model }: ExampleModels): RouteDocs {
  const examples = {
    one: { summary: 'One text', value: { model, input: 'A gatehouse guards the way in.' } },
    several: { summary: 'Several texts, as base64', value: { model, input: ['one', 'two'], encoding_format: 'base64' } },
  };
  const reply: ReplyDocs = { status: 200, description: 'One vector for each text.', content: jsonContent(embeddingReply) };
  return {
    tag: 'Chat',
    summary: 'Embeddings',
    description: 'Texts as vectors, for search and comparison.',
    body: { content: { 'application/json': { schema: embeddingRequest, examples } } },
    replies: [reply],
  };
}

const DOCS = {
  chat: chatDocs,
  completion: completionDocs,
  embed: embeddingDocs,
} satisfies Partial<Record<OperationKind, (models: ExampleModels) => RouteDocs>>;

export function modelRouteDocs(operation: keyof typeof DOCS, models: ExampleModels): RouteDocs {
  return DOCS[operation](models);
}

const ANTHROPIC_VERSION: ParameterDocs = {
  name: 'anthropic-version',
  in: 'header',
  description: "Asks for Anthropic's shape.",
};

const ANTHROPIC_PARAMETERS: readonly ParameterDocs[] = [
  ANTHROPIC_VERSION,
  { name: 'limit', in: 'query', description: "In Anthropic's shape: how many, 1 to 1000. Default: 20." },
  { name: 'after_id', in: 'query', description: "In Anthropic's shape: those after this one." },
  { name: 'before_id', in: 'query', description: "In Anthropic's shape: those before this one." },
];

export const MODEL_LIST_DOCS: RouteDocs = {
  tag: 'Models',
  summary: 'List of models',
  description:
    "The models and aliases that this caller may use; a key may be limited to some of them. Who sends `anthropic-version` gets Anthropic's shape, in pages.",
  parameters: ANTHROPIC_PARAMETERS,
  replies: [
    {
      status: 200,
      description: 'The models.',
      content: {
        'application/json': {
          schema: z.union([modelList, anthropicModelList]),
          examples: {
            openai: {
              summary: "OpenAI's shape",
              value: { object: 'list', data: [{ id: 'sim-1', object: 'model', created: CREATED, owned_by: 'simulator' }] },
            },
          },
        },
      },
    },
  ],
};

export function modelDocs({ chat }: ExampleModels): RouteDocs {
  return {
    tag: 'Models',
    summary: 'One model',
    description: 'Whether there is a model of this name for this caller.',
    parameters: [ANTHROPIC_VERSION, { name: 'id', in: 'path', description: "The model's name.", example: chat }],
    replies: [{ status: 200, description: 'The model.', content: jsonContent(z.union([modelEntry, anthropicModel])) }],
    errors: ['model_unknown'],
  };
}

/* What the routes of the Gemini API say of themselves. */

import { z } from 'zod';
import {
  batchReply,
  batchRequest,
  countReply,
  countRequest,
  embedReply,
  embedRequest,
  geminiModel,
  geminiModels,
  generateReply,
  generateRequest,
} from '../dialects/gemini/schemas.ts';
import { jsonContent, type ParameterDocs, type ReplyDocs, type RouteDocs } from '../pipeline/route-docs.ts';
import type { ExampleModels } from './example-models.ts';
import type { GeminiMethod } from './gemini-routes.ts';

const contents = [{ role: 'user', parts: [{ text: 'What does a gatehouse do?' }] }];

interface MethodDocs {
  readonly summary: string;
  readonly description: string;
  readonly request: z.ZodType;
  readonly example: unknown;
  readonly reply: ReplyDocs;
}

const METHODS: Readonly<Record<GeminiMethod, (examples: ExampleModels) => MethodDocs>> = {
  generateContent: () => ({
    summary: 'Generate content',
    description:
      'A chat of the Gemini API, answered by any configured model. To a model that speaks this API the request passes as it was sent; for others it is translated, and headers say what that changed.',
    request: generateRequest,
    example: { contents },
    reply: { status: 200, description: 'The answer.', content: jsonContent(generateReply) },
  }),
  streamGenerateContent: () => ({
    summary: 'Generate content, streamed',
    description: 'The same as a stream: with `alt=sse` as events, else as one JSON array that grows.',
    request: generateRequest,
    example: { contents },
    reply: {
      status: 200,
      description: 'The answer in pieces, each of which is a response.',
      content: {
        'text/event-stream': {
          schema: z.string().describe('An event for each response. A failure is an event with `error`.'),
          events: generateReply,
        },
        ...jsonContent(z.array(generateReply)),
      },
    },
  }),
  countTokens: () => ({
    summary: 'Count tokens',
    description:
      'How many tokens a request has, as the model counts them. Where no target counts, it is estimated, and the header `x-gatehouse-tokens` says so.',
    request: countRequest,
    example: { contents },
    reply: { status: 200, description: 'The number of tokens.', content: jsonContent(countReply, { totalTokens: 9 }) },
  }),
  embedContent: () => ({
    summary: 'Embed a text',
    description: 'One text, as a vector.',
    request: embedRequest,
    example: { content: { parts: [{ text: 'one' }] } },
    reply: { status: 200, description: 'The vector.', content: jsonContent(embedReply) },
  }),
  batchEmbedContents: ({ embed }) => ({
    summary: 'Embed texts',
    description: 'Several texts, as vectors.',
    request: batchRequest,
    example: { requests: ['one', 'two'].map((text) => ({ model: `models/${embed}`, content: { parts: [{ text }] } })) },
    reply: { status: 200, description: 'One vector for each text.', content: jsonContent(batchReply) },
  }),
};

export function geminiMethodDocs(method: GeminiMethod, path: string, examples: ExampleModels): RouteDocs {
  const { summary, description, request, example, reply } = METHODS[method](examples);
  return {
    tag: 'Gemini',
    summary,
    description: `${description} Also at \`/v1/models/…\`, and at the paths of Vertex AI (\`/v1/projects/…/publishers/google/models/…\`).`,
    parameters: [
      path.includes('{model') ? PATHS.model(examples) : PATHS.path(examples),
      KEY,
      ...(method === 'streamGenerateContent' ? [ALT] : []),
    ],
    body: { content: jsonContent(request, example) },
    replies: [reply],
    errors: ['model_dialect_unsupported'],
    // The same at five paths: the document tells it once.
    ...(path.startsWith('/v1beta/models/') ? {} : { unlisted: true }),
  };
}

const PATHS: Readonly<Record<'model' | 'path', (examples: ExampleModels) => ParameterDocs>> = {
  model: ({ chat }) => ({ name: 'model', in: 'path', description: "The model's name, which may hold slashes.", example: chat }),
  path: ({ chat }) => ({
    name: 'path',
    in: 'path',
    description:
      'As Vertex AI names a model, ending in `{publisher}/models/{model}`; whose project and location it is does not matter here.',
    example: `google/models/${chat}`,
  }),
};

const KEY = {
  name: 'key',
  in: 'query',
  description: 'The key of the caller, where no header has it. It stays here: no log and no upstream sees it.',
} as const;
const ALT = { name: 'alt', in: 'query', description: '`sse`: events; `json` or nothing: one array that grows.' } as const;

export const GEMINI_LIST_DOCS: RouteDocs = {
  tag: 'Gemini',
  summary: 'Models, in the shape of the Gemini API',
  description: 'All models that the caller may use, whichever API their providers speak; a page at a time.',
  parameters: [
    KEY,
    { name: 'pageSize', in: 'query', description: 'How many at once. Default: 50; at most 1,000.' },
    { name: 'pageToken', in: 'query', description: 'The `nextPageToken` of the page before.' },
  ],
  replies: [{ status: 200, description: 'One page.', content: jsonContent(geminiModels) }],
};

export function geminiModelDocs({ chat }: ExampleModels): RouteDocs {
  return {
    tag: 'Gemini',
    summary: 'One model, in the shape of the Gemini API',
    description: `By its name, which may hold slashes: \`${chat}\`.`,
    parameters: [PATHS.model({ chat, embed: chat }), KEY],
    replies: [{ status: 200, description: 'The model.', content: jsonContent(geminiModel) }],
    errors: ['model_unknown'],
  };
}

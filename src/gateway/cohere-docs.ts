/* What the routes of Cohere's API and of reranking say of themselves. */

import { z } from 'zod';
import {
  cohereChatEvent,
  cohereChatReply,
  cohereChatRequest,
  cohereEmbedReply,
  cohereEmbedRequest,
  cohereRerankReply,
  cohereRerankRequest,
  sharedRerankReply,
  sharedRerankRequest,
} from '../dialects/cohere/schemas.ts';
import { teiRerankReply, teiRerankRequest } from '../dialects/tei/schemas.ts';
import { jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';
import type { CoherePattern } from './cohere-routes.ts';
import type { ExampleModels } from './example-models.ts';

const ERRORS = ['model_dialect_unsupported', 'feature_unsupported'] as const;
const QUESTION = { query: 'Who keeps the gate?', documents: ['The keeper keeps the gate.', 'The moat is deep.'] };
const RESULTS = [
  { index: 0, relevance_score: 0.93 },
  { index: 1, relevance_score: 0.04 },
];

const DOCS: Readonly<Record<CoherePattern, (models: ExampleModels) => RouteDocs>> = {
  '/v2/chat': ({ chat: model }) => {
    const messages = [{ role: 'user', content: 'What does a gatehouse do?' }];
    return {
      tag: 'Chat',
      summary: "Chat in Cohere's form",
      description:
        "Cohere's chat, second version, answered by any configured model. To a model that speaks this API the request passes as it was sent; for others it is translated, and headers say what that changed. `documents` reach other models as files or as text.",
      body: {
        content: {
          'application/json': {
            schema: cohereChatRequest,
            examples: {
              whole: { summary: 'A whole answer', value: { model, messages } },
              streamed: { summary: 'A streamed answer', value: { model, messages, stream: true } },
            },
          },
        },
      },
      replies: [
        {
          status: 200,
          description: 'The answer: whole, or as events when `stream` is true.',
          content: {
            ...jsonContent(cohereChatReply),
            'text/event-stream': {
              schema: z.string().describe('Named events; the last is `message-end`, which says when the answer failed.'),
              events: cohereChatEvent,
            },
          },
        },
      ],
      errors: [...ERRORS],
    };
  },
  '/v2/rerank': ({ chat, rerank: model = chat }) => ({
    tag: 'Reranking',
    summary: "Rerank in Cohere's form",
    description: 'Documents in the order of their worth for a query, by any configured reranker, whichever API that one speaks.',
    body: { content: jsonContent(cohereRerankRequest, { model, ...QUESTION, top_n: 2 }) },
    replies: [{ status: 200, description: 'The best first.', content: jsonContent(cohereRerankReply, { id: 'c0ffee', results: RESULTS }) }],
    errors: [...ERRORS],
  }),
  '/v2/embed': ({ embed: model }) => ({
    tag: 'Chat',
    summary: "Embeddings in Cohere's form",
    description:
      'Texts as vectors, by any configured model. Only vectors of numbers, or of base64, can be had of models that speak another API.',
    body: { content: jsonContent(cohereEmbedRequest, { model, texts: ['one', 'two'], input_type: 'search_document' }) },
    replies: [{ status: 200, description: 'One vector for each text.', content: jsonContent(cohereEmbedReply) }],
    errors: [...ERRORS],
  }),
  '/v1/rerank': ({ chat, rerank: model = chat }) => ({
    tag: 'Reranking',
    summary: 'Rerank',
    description:
      "Documents in the order of their worth for a query, in the form that Jina, vLLM, LiteLLM and Cohere's first version share. A request with `top_k` is one of Voyage's, and is answered in its form. Any configured reranker answers.",
    body: { content: jsonContent(sharedRerankRequest, { model, ...QUESTION, top_n: 2, return_documents: false }) },
    replies: [
      {
        status: 200,
        description: 'The best first.',
        content: jsonContent(sharedRerankReply, { model, results: RESULTS, usage: { total_tokens: 21 } }),
      },
    ],
    errors: [...ERRORS],
  }),
  '/rerank': ({ chat, rerank: model = chat }) => ({
    tag: 'Reranking',
    summary: "Rerank in TEI's form",
    description:
      'Reranking as clients of Text Embeddings Inference ask for it. They name no model: the one that is called `rerank` answers.',
    body: { content: jsonContent(teiRerankRequest, { model, query: QUESTION.query, texts: QUESTION.documents }) },
    replies: [
      {
        status: 200,
        description: 'The best first.',
        content: jsonContent(
          teiRerankReply,
          RESULTS.map(({ index, relevance_score: score }) => ({ index, score })),
        ),
      },
    ],
    errors: [...ERRORS],
  }),
};

export function cohereDocs(pattern: CoherePattern, models: ExampleModels): RouteDocs {
  return DOCS[pattern](models);
}

/* The six parts of the AI platform's demo, and the OpenAI side of the same models. */

import { type Answer, at, has, header, type Part, type Step, status, text, value } from '../step.ts';

export const MODEL = 'llama-3.3-8b-instruct';
const USER = 'alice-001';

const isText = (found: unknown): boolean => typeof found === 'string' && found !== '';
const isNumber = (found: unknown): boolean => typeof found === 'number';
const isList = (found: unknown): boolean => Array.isArray(found);

/** What every answer of the unified chat has, as its document shows it. */
const UNIFIED = [
  status(200),
  value('object', 'unified.chat.completion'),
  value('choices.0.message.content', isText),
  value('context.memories', isList),
  value('context.rag_documents', isList),
  value('metadata.memory_stored', (found) => typeof found === 'boolean'),
  value('metadata.total_latency_ms', isNumber),
];

interface Asking {
  readonly title: string;
  readonly says: string;
  readonly options: object;
  readonly shows: Step['shows'];
}

function unified({ title, says, options, shows }: Asking): Step {
  const json = { messages: [{ role: 'user', content: says }], ...options };
  return { title, shows, sends: { path: '/v1/chat', json }, checks: UNIFIED };
}

/** What is truly so: nothing is claimed that the answer does not say. */
function storage(answer: Answer): string {
  return at(answer.json, 'metadata.memory_stored') === true
    ? 'The conversation was stored: metadata.memory_id names the memory.'
    : 'Memory is not there yet: the request is understood, nothing was stored, and the answer says so (memory_stored: false).';
}

function retrieval(answer: Answer): string {
  const found = at(answer.json, 'metadata.memories_retrieved');
  return typeof found === 'number' && found > 0
    ? `${found} memories of this user went into the prompt.`
    : 'Memory is not there yet: context.memories is empty, and so the model knows nothing of before.';
}

function documents(answer: Answer): string {
  const found = at(answer.json, 'metadata.rag_documents_retrieved');
  return typeof found === 'number' && found > 0
    ? `${found} documents of the knowledge base went into the prompt.`
    : 'Documents are not searched yet: context.rag_documents is empty, and the answer rests on the model alone.';
}

const TURN_ONE = 'First turn';
const TURN_TWO = 'Second turn, with the first in it';

export const chatParts: readonly Part[] = [
  {
    id: 'chat',
    title: 'Basic chat',
    about: 'One question to the unified chat of the AI platform, and the same model through the API of OpenAI.',
    steps: [
      unified({
        title: 'Unified chat with the defaults of its document',
        says: 'Hello!',
        options: {},
        shows: 'One endpoint for memory, documents and generation: the answer has its context, and the time of each part.',
      }),
      {
        title: 'Chat completions, as OpenAI has them',
        shows:
          'Any OpenAI client works with no more than another base URL. The headers say who answered, and what the gateway itself took.',
        sends: {
          path: '/v1/chat/completions',
          json: {
            model: MODEL,
            messages: [
              { role: 'system', content: 'You are a helpful assistant.' },
              { role: 'user', content: 'Hello!' },
            ],
            max_tokens: 100,
          },
        },
        checks: [
          status(200),
          value('object', 'chat.completion'),
          value('choices.0.message.content', isText),
          value('usage.total_tokens', isNumber),
          header('x-gatehouse-provider', 'primary'),
        ],
      },
    ],
  },
  {
    id: 'memory-storage',
    title: 'Memory storage',
    about: 'What a user says is to be remembered.',
    steps: [
      unified({
        title: 'Something worth remembering',
        says: 'My name is Alice, and I am allergic to peanuts.',
        options: { user_id: USER, store_memory: true, use_memory: false, use_rag: false, max_tokens: 60 },
        shows: storage,
      }),
    ],
  },
  {
    id: 'memory-retrieval',
    title: 'Memory retrieval',
    about: 'The same user comes back, in a new conversation.',
    steps: [
      unified({
        title: 'A question that only memory can answer',
        says: 'What do you know about me?',
        options: { user_id: USER, use_memory: true, use_rag: false, store_memory: false, memory_limit: 5, max_tokens: 60 },
        shows: retrieval,
      }),
    ],
  },
  {
    id: 'rag',
    title: 'RAG integration',
    about: 'Documents that belong to the question go into the prompt.',
    steps: [
      unified({
        title: 'A question about the documents',
        says: 'What does the handbook say about circuit breakers?',
        options: { use_rag: true, rag_k: 3, use_memory: false, store_memory: false, max_tokens: 80 },
        shows: documents,
      }),
    ],
  },
  {
    id: 'full',
    title: 'Full integration',
    about: "The document's own example: memory and documents at once, and the conversation stored.",
    steps: [
      unified({
        title: 'Everything on',
        says: 'What do you know about me?',
        options: { user_id: USER, use_memory: true, use_rag: true, store_memory: true, rag_k: 3, memory_limit: 5, max_tokens: 200 },
        shows: (answer) => `${retrieval(answer)} ${documents(answer)}`,
      }),
      {
        title: 'The same as a stream',
        shows: 'Tokens arrive as they are made; context and metadata come with the last event.',
        sends: { path: '/v1/chat', json: { messages: [{ role: 'user', content: 'Tell me a story' }], stream: true, max_tokens: 40 } },
        checks: [status(200), header('content-type', /^text\/event-stream/), text(/"metadata"/), text(/data: \[DONE\]/)],
      },
      {
        title: 'A request that makes no sense',
        shows: 'Every field is held against the documented table: the answer names the one that is wrong.',
        sends: { path: '/v1/chat', json: { messages: [{ role: 'user', content: 'Hello!' }], rag_k: 11 } },
        checks: [status(400, 422), text(/rag_k/)],
      },
    ],
  },
  {
    id: 'multi-turn',
    title: 'Multi-turn conversation',
    about: 'The client keeps the conversation and sends it along.',
    steps: [
      {
        title: TURN_ONE,
        shows: 'The first answer, which the next request repeats.',
        sends: { path: '/v1/chat', json: { messages: [{ role: 'user', content: 'Name a colour.' }], user_id: USER, max_tokens: 20 } },
        checks: UNIFIED,
      },
      {
        title: TURN_TWO,
        shows: (answer) => `The prompt has grown with the conversation: ${String(at(answer.json, 'usage.prompt_tokens'))} tokens.`,
        sends: (earlier) => ({
          path: '/v1/chat',
          json: {
            messages: [
              { role: 'user', content: 'Name a colour.' },
              { role: 'assistant', content: at(earlier.get(TURN_ONE)?.json, 'choices.0.message.content') ?? 'Blue.' },
              { role: 'user', content: 'And another one, please.' },
            ],
            user_id: USER,
            max_tokens: 20,
          },
        }),
        checks: [...UNIFIED, value('usage.prompt_tokens', isNumber)],
      },
    ],
  },
  {
    id: 'models',
    title: 'Models, streams and embeddings',
    about: 'The rest of the API of OpenAI.',
    steps: [
      {
        title: 'The models that this key may use',
        shows: 'Names are those of the configuration: clients never see where a model really is.',
        sends: { path: '/v1/models' },
        checks: [status(200), value('object', 'list'), text(new RegExp(MODEL))],
      },
      {
        title: 'A stream',
        shows: 'Server-sent events, passed on one by one; the stream is whole, for it ends in [DONE].',
        sends: {
          path: '/v1/chat/completions',
          json: { model: MODEL, stream: true, messages: [{ role: 'user', content: 'Count to ten' }], max_tokens: 20 },
        },
        checks: [status(200), header('content-type', /^text\/event-stream/), text(/"delta"/), text(/data: \[DONE\]\s*$/)],
      },
      {
        title: 'Embeddings',
        shows: 'Texts become vectors, on the same terms: keys, limits, fallback, metrics.',
        sends: { path: '/v1/embeddings', json: { model: 'nomic-embed-text', input: ['a circuit breaker', 'a token bucket'] } },
        checks: [status(200), value('data', (found) => Array.isArray(found) && found.length === 2), has('data.0.embedding.0', 'usage')],
      },
    ],
  },
];

/*
 * The assistants that older gateways stood in front of: StillMe's backend, and AIVillage's Twin, agent controller and knowledge system.
 */
import { z } from 'zod';
import { estimateTokens } from '../text.ts';
import { asked, type Dice, limit, told, words } from './ask.ts';

const LIBRARY = [
  ['doc-handbook-1', 'Handbook, chapter 1', 'France has had Paris for its capital since the tenth century, with short interruptions.'],
  [
    'doc-handbook-2',
    'Handbook, chapter 2',
    'A circuit breaker stops calling a service that keeps failing, and tries it again after a while.',
  ],
  ['doc-handbook-3', 'Handbook, chapter 3', 'A token bucket lets a burst through, and then as many requests as it is filled with.'],
  ['doc-handbook-4', 'Handbook, chapter 4', 'A correlation id is passed from service to service, so that one request can be followed.'],
  ['doc-handbook-5', 'Handbook, chapter 5', 'Retrieval finds the passages that an answer should rest on, before the model writes it.'],
] as const;

/** Documents, those first that share most words with the question. */
function found(query: string, count: number, dice: Dice) {
  const terms = new Set(query.toLowerCase().match(/\p{L}{4,}/gu) ?? []);
  const shared = (text: string) => (text.toLowerCase().match(/\p{L}{4,}/gu) ?? []).filter((term) => terms.has(term)).length;
  return LIBRARY.map(([id, title, text]) => ({ id, title, text, hits: shared(text) }))
    .toSorted((left, right) => right.hits - left.hits)
    .slice(0, count)
    .map(({ id, title, text, hits }) => ({ id, title, text, score: hits > 0 ? dice.between(0.75, 0.98) : dice.between(0.1, 0.4) }));
}

/** `POST /api/search` of StillMe's backend. */
export const searchNotes = asked(
  z.object({ query: words, user_id: words.optional(), limit: limit(50, 3) }),
  ({ query, limit: count }, dice) => {
    const results = found(query, count, dice);
    return { value: { query, results, count: results.length } };
  },
);

/** `POST /api/chat` of StillMe's backend. */
export const talk = asked(z.object({ message: words, user_id: words.optional() }), ({ message, user_id }, dice) => {
  const response = `You said "${message.slice(0, 200)}". ${dice.sentence(10)}`;
  return { value: { response, user_id: user_id ?? null }, tokenCount: estimateTokens(response) };
});

/** `GET /api/status` of StillMe's backend. */
export const status = told(() => ({ status: 'ok', service: 'stillme', version: '1.0' }));

const turn = z.object({ role: z.enum(['system', 'user', 'assistant']), content: words });

/** `POST /v1/chat` of the Twin: one message, or a conversation whose last turn is answered. */
export const chatWithTwin = asked(
  z
    .object({
      message: words.optional(),
      messages: z.array(turn).min(1).max(1_000).optional(),
      conversation_id: words.optional(),
      session_id: words.optional(),
    })
    .refine((body) => body.message !== undefined || body.messages !== undefined, 'give message or messages'),
  (body, dice) => {
    const said = body.message ?? body.messages?.at(-1)?.content ?? '';
    const response = `I remember. You said "${said.slice(0, 200)}". ${dice.sentence(8)}`;
    const value = { response, conversation_id: body.conversation_id ?? body.session_id ?? dice.id('conversation'), agent: 'twin' };
    return { value, tokenCount: estimateTokens(response) };
  },
);

const question = z.object({
  query: words,
  session_id: words.optional(),
  options: z
    .object({ max_tokens: z.int().min(1).max(100_000).default(1_000), temperature: z.number().min(0).max(2).default(0.7) })
    .prefault({}),
});

/** `POST /v1/query` of the agent controller: an answer with its sources, which an agent has thought about. */
export const askAgent = asked(question, ({ query, session_id }, dice) => {
  const sources = found(query, 2, dice);
  const answer = `${sources[0]?.text ?? ''} ${dice.sentence(8)}`;
  const value = {
    answer,
    session_id: session_id ?? dice.id('session'),
    sources,
    answered_by: 'agent_controller',
    steps: ['plan', 'retrieve', 'write'],
  };
  return { value, tokenCount: estimateTokens(answer) };
});

/** `POST /v1/query` of the knowledge system: what the documents say, and nothing else. */
export const askKnowledge = asked(question, ({ query, session_id }, dice) => {
  const sources = found(query, 3, dice);
  const answer = sources[0]?.text ?? '';
  return { value: { answer, session_id: session_id ?? dice.id('session'), sources, answered_by: 'knowledge_system' } };
});

/*
 * The request of the unified chat, and the question that it comes to in the words of OpenAI's chat completions.
 *
 * The bytes stay the caller's own: the fields about memory and knowledge, which no model knows, are taken out, and the defaults of the
 * sampling are put in. What else there is (tools, stop, seed, response_format and what will come) goes to the model as it was written.
 */

import { z } from 'zod';
import type { JsonScan } from '../../base/json-scan.ts';
import { editMembers } from '../../base/json-splice.ts';
import type { Operation } from '../../operations/operation.ts';
import { flagField, fractionField, MODEL_DEFAULT, must, nameField, TOKENS_MAX, wholeField } from '../dialect-fields.ts';

const ROLE = must('a role: system, user, assistant, …');
const CONTENT = must('a text, or an array of parts');

const message = z
  .looseObject(
    {
      role: z.string(ROLE).regex(/^\w{1,64}$/, ROLE),
      content: z.union([z.string(), z.array(z.looseObject({})), z.null()], CONTENT).optional(),
    },
    must('an object with a role and content'),
  )
  // An answer that called tools has no text.
  .refine(({ role, content }) => (content ?? undefined) !== undefined || role === 'assistant', {
    path: ['content'],
    error: 'is required: a text, or an array of parts',
  });

const COLLECTIONS_MAX = 16;

/** `null` means the same as leaving a field out, but for `max_tokens`, `temperature` and `top_p`: there it leaves the choice to the model. */
export const unifiedChatRequest = z.looseObject({
  messages: z
    .array(message, must('an array of messages'))
    .min(1, 'must hold at least one message')
    .describe('The conversation so far, as in OpenAI’s chat completions.'),
  model: nameField().nullish().describe(`Model to ask. Default: \`${MODEL_DEFAULT}\`, or what the configuration takes in its place.`),
  user_id: nameField().nullish().describe('Whose memory it is. A key that is bound to a user speaks for that one alone.'),
  use_memory: flagField().nullable().default(true).describe('Whether what is remembered of the user is given to the model.'),
  use_rag: flagField().nullable().default(true).describe('Whether documents that fit are given to the model.'),
  store_memory: flagField().nullable().default(true).describe('Whether this conversation is remembered.'),
  rag_k: wholeField(1, 10).nullable().default(3).describe('How many documents. 1 to 10.'),
  memory_limit: wholeField(1, 20).nullable().default(5).describe('How many memories. 1 to 20.'),
  session_id: nameField()
    .nullish()
    .describe('The conversation, for a client that sends the latest turns alone. Default: told by its beginning.'),
  collections: z
    .array(nameField(), must('a list of ids'))
    .min(1, must('a list of at least one id'))
    .max(COLLECTIONS_MAX, must(`a list of at most ${COLLECTIONS_MAX} ids`))
    .nullish()
    .describe('Collections of documents (`vs_…`) to look into. Default: those of the caller.'),
  max_tokens: wholeField(1, TOKENS_MAX).nullable().default(2_048).describe('Longest answer, in tokens.'),
  temperature: fractionField(0, 2).nullable().default(0.7).describe('How much chance there is in the answer. 0.0 to 2.0.'),
  top_p: fractionField(0, 1).nullable().default(0.9).describe('Share of the likeliest tokens to choose from. 0.0 to 1.0.'),
  stream: flagField().nullable().default(false).describe('Whether the answer comes as server-sent events.'),
});
export type UnifiedChatRequest = z.output<typeof unifiedChatRequest>;

/** Members that are for the gateway. */
const OWN_FIELDS = ['user_id', 'use_memory', 'use_rag', 'store_memory', 'rag_k', 'memory_limit', 'session_id', 'collections'] as const;
const SAMPLING_FIELDS = ['max_tokens', 'temperature', 'top_p'] as const;

/** What the body says of memory and documents, and what holds where it says nothing: both, for whoever is named. */
export function wishIn(scan: JsonScan, request: UnifiedChatRequest): NonNullable<Operation['wish']> {
  const said = <Name extends keyof UnifiedChatRequest>(name: Name): UnifiedChatRequest[Name] | undefined =>
    (scan.get(name)?.kind ?? 'null') === 'null' ? undefined : request[name];
  return {
    said: {
      user: request.user_id ?? undefined,
      session: request.session_id ?? undefined,
      memory: { read: said('use_memory') ?? undefined, write: said('store_memory') ?? undefined, limit: said('memory_limit') ?? undefined },
      knowledge: { on: said('use_rag') ?? undefined, limit: said('rag_k') ?? undefined, collections: request.collections ?? undefined },
    },
    usual: {
      memory: { read: true, write: true, limit: request.memory_limit ?? undefined },
      knowledge: { on: true, limit: request.rag_k ?? undefined },
    },
  };
}

/** The body for the model. */
export function questionOf(scan: JsonScan, request: UnifiedChatRequest): Uint8Array {
  const edits: Record<string, string | undefined> = {};
  for (const field of OWN_FIELDS) edits[field] = undefined;
  for (const field of SAMPLING_FIELDS) {
    const value = request[field];
    if (value === null) edits[field] = undefined;
    else if (scan.get(field) === undefined) edits[field] = String(value);
  }
  // The newer name of the same limit; servers refuse both together.
  if (scan.get('max_completion_tokens') !== undefined && scan.get('max_tokens') === undefined) delete edits['max_tokens'];
  if ((request.model ?? undefined) === undefined) edits['model'] = JSON.stringify(MODEL_DEFAULT);
  return editMembers(scan, edits);
}

/*
 * AIVillage's query: one question in, one answer with its sources out. No target speaks it: the question is put to them as a chat completion.
 * Source: AIVillage's own document, "Query Request Format"; it shows no reply, so the answer's shape is ours.
 */

import type { AnswerForm } from '../../operations/answer-form.ts';
import type { CallerDialect, Dialect } from '../dialect.ts';
import { detailedErrorSchema, encodeDetailedError } from '../dialect-detail.ts';
import { MODEL_DEFAULT } from '../dialect-fields.ts';
import { parseQuery, type Query, queryAnswer, wishOf } from './query-form.ts';

/** `asked` speaks OpenAI's chat completions. */
export function createQuery(asked: Dialect): CallerDialect {
  return {
    name: 'query',
    encodeError: encodeDetailedError,
    errorSchema: detailedErrorSchema,
    decode(kind, bytes, hints) {
      const query = parseQuery(bytes, MODEL_DEFAULT);
      return {
        ...asked.decode(kind, query.chat, hints),
        modelDefaulted: query.modelDefaulted,
        wish: wishOf(query),
        answerForm: createForm(query, asked),
      };
    },
  };
}

function createForm(query: Query, asked: Dialect): AnswerForm {
  return {
    // A session is not a user: whose it is, the key says.
    user: undefined,
    whole: (bytes, facts) => {
      const completion = JSON.parse(new TextDecoder().decode(bytes)) as Parameters<typeof queryAnswer>[1];
      return JSON.stringify(queryAnswer(query, completion, facts));
    },
    refusal: (status, headers, answer) => asked.classifyError(status, headers, answer),
  };
}

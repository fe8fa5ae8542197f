/*
 * The unified chat of the AI platform: a chat with memory and knowledge around it. No target speaks it: the question is put to them as a chat
 * completion, in the dialect that is given. Source: the AI platform's own document, "Request/Response Format".
 */

import { GatewayError } from '../../base/errors.ts';
import type { Operation } from '../../operations/operation.ts';
import type { CallerDialect, Dialect } from '../dialect.ts';
import { scanBody } from '../dialect-body.ts';
import { detailedErrorSchema, encodeDetailedError } from '../dialect-detail.ts';
import { fieldsInvalid, parseFields } from '../dialect-fields.ts';
import { type Skipped, UnifiedStream, wholeAnswer } from './answer.ts';
import { questionOf, type UnifiedChatRequest, unifiedChatRequest, wishIn } from './request.ts';

/** `asked` speaks OpenAI's chat completions. */
export function createUnifiedChat(asked: Dialect): CallerDialect {
  return {
    name: 'unified-chat',
    encodeError: encodeDetailedError,
    errorSchema: detailedErrorSchema,
    decode(kind, bytes, hints) {
      const scan = scanBody(bytes);
      const request = parseFields(unifiedChatRequest, scan);
      const { user: _, ...operation } = decodeQuestion(questionOf(scan, request), (question) => asked.decode(kind, question, hints));
      const user = request.user_id ?? undefined;
      const skipped = skippedOf(request);
      return {
        ...operation,
        // Usage is told in the last chunk, so it must not be withheld.
        usageWanted: operation.stream,
        wish: wishIn(scan, request),
        modelDefaulted: (request.model ?? undefined) === undefined,
        ...(user === undefined ? {} : { user }),
        answerForm: {
          user,
          whole: (answer, facts) => wholeAnswer(answer, facts, skipped),
          stream: (look) => new UnifiedStream(look, skipped),
          refusal: (status, headers, answer) => asked.classifyError(status, headers, answer),
        },
      };
    },
  };
}

/** Refuses, as a field of ours, what is wrong with one that is for the model. */
function decodeQuestion(bytes: Uint8Array, decode: (bytes: Uint8Array) => Operation): Operation {
  try {
    return decode(bytes);
  } catch (cause) {
    if (!(cause instanceof GatewayError) || cause.options.param === undefined) throw cause;
    const { param } = cause.options;
    throw fieldsInvalid([{ path: [param], message: cause.message.replace(`'${param}' `, '') }]);
  }
}

/** What has no part in an answer where nobody can say more. */
function skippedOf(request: UnifiedChatRequest): readonly Skipped[] {
  const asksMemory = request.use_memory !== false || request.store_memory !== false;
  return [...(asksMemory ? (['memory'] as const) : []), ...(request.use_rag !== false ? (['knowledge'] as const) : [])];
}

/*
 * StillMe's chat: one message in, one text out. No target speaks it: the question is put to them as a chat completion.
 *
 *   {"message": "Hello", "user_id": "test"}  ─▶  {"response": "…", "user_id": "test", "model": "…", "cached": false, …}
 *
 * The original shows the request alone; the answer is ours. It samples with temperature 0 unless told otherwise: the same question then gets
 * the same answer, which is what lets it be cached, as the original cached it.
 */

import { z } from 'zod';
import { GatewayError } from '../../base/errors.ts';
import type { JsonScan } from '../../base/json-scan.ts';
import type { AnswerFacts, AnswerForm } from '../../operations/answer-form.ts';
import type { CallerDialect, Dialect } from '../dialect.ts';
import { scanBody } from '../dialect-body.ts';
import { detailedErrorSchema, encodeDetailedError } from '../dialect-detail.ts';
import { fieldsInvalid, fractionField, MODEL_DEFAULT, must, nameField, parseFields, TOKENS_MAX, wholeField } from '../dialect-fields.ts';

const TEXT = 'a text that is not empty';

/** Further fields are accepted, and have no effect. `null` means the same as leaving a field out. */
export const simpleChatRequest = z.looseObject({
  message: z.string(must(TEXT)).regex(/\S/, must(TEXT)).describe('What the user says.'),
  user_id: nameField().nullish().describe('Who says it. A key that is bound to a user speaks for that one alone.'),
  model: nameField().nullish().describe('Model to ask. Default: as the configuration says.'),
  temperature: fractionField(0, 2)
    .nullable()
    .default(0)
    .describe('How much chance there is in the answer. 0.0 to 2.0; what is over 0 is not cached.'),
  max_tokens: wholeField(1, TOKENS_MAX).nullish().describe('Longest answer, in tokens. Default: the model’s own.'),
  stream: z.literal([false, null], 'must be false: this form is answered whole; POST /v1/chat streams').optional(),
});

/**
 * Whether a body is StillMe's and not Ollama's, who share the path: it has `message` and no `messages`; or it has neither, and no `model`
 * alone, with which a client of Ollama loads one.
 */
export function isSimpleChat(scan: JsonScan): boolean {
  if (scan.get('messages') !== undefined) return false;
  return scan.get('message') !== undefined || scan.get('model') === undefined;
}

/** `asked` speaks OpenAI's chat completions. */
export function createSimpleChat(asked: Dialect): CallerDialect {
  return {
    name: 'simple-chat',
    encodeError: encodeDetailedError,
    errorSchema: detailedErrorSchema,
    decode(kind, bytes, hints) {
      const scan = scanBody(bytes);
      if (!isSimpleChat(scan))
        throw fieldsInvalid([{ path: ['message'], message: `is required: ${TEXT}; 'messages' are asked at /v1/chat` }]);
      const { message, user_id, model, temperature, max_tokens } = parseFields(simpleChatRequest, scan);
      const question = {
        model: model ?? MODEL_DEFAULT,
        messages: [{ role: 'user', content: message }],
        temperature: temperature ?? 0,
        ...((max_tokens ?? undefined) === undefined ? {} : { max_tokens }),
      };
      const user = user_id ?? undefined;
      return {
        ...asked.decode(kind, Buffer.from(JSON.stringify(question)), hints),
        modelDefaulted: (model ?? undefined) === undefined,
        ...(user === undefined ? {} : { user }),
        answerForm: createForm(user, asked),
      };
    },
  };
}

function createForm(user: string | undefined, asked: Dialect): AnswerForm {
  return {
    user,
    whole: (bytes, facts) => {
      const { choices, model, usage } = JSON.parse(new TextDecoder().decode(bytes)) as Completion;
      return JSON.stringify({
        response: textOf(choices?.[0]?.message),
        user_id: user ?? null,
        model: typeof model === 'string' ? model : (facts.model ?? null),
        cached: facts.cached,
        latency_ms: Math.round(facts.totalMs * 100) / 100,
        timestamp: timestampOf(facts),
        usage: usage ?? null,
      });
    },
    refusal: (status, headers, answer) => asked.classifyError(status, headers, answer),
  };
}

interface Completion {
  readonly choices?: readonly ({ readonly message?: Message | null } | null)[];
  readonly model?: unknown;
  readonly usage?: unknown;
}

interface Message {
  readonly content?: unknown;
  readonly refusal?: unknown;
}

/** A model that declines says so in `refusal`, which is its answer, too. One that thought until its tokens were spent has said nothing. */
function textOf(message: Message | null | undefined): string {
  if (typeof message !== 'object' || message === null)
    throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no message");
  const { content, refusal } = message;
  if (typeof content === 'string' && content !== '') return content;
  if (Array.isArray(content)) return content.map(partText).join('');
  return typeof refusal === 'string' ? refusal : '';
}

function partText(part: { readonly text?: unknown } | null): string {
  return typeof part?.text === 'string' ? part.text : '';
}

function timestampOf({ nowMs }: AnswerFacts): string {
  return new Date(nowMs).toISOString();
}

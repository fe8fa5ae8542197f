import { GatewayError } from '../../base/errors.ts';
import type { AnswerFacts, AnswerForm, FormStream } from '../../operations/answer-form.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { cacheFact, contextFact, principalFact, upstreamFact } from '../../pipeline/facts.ts';
import type { Policy } from '../../pipeline/policy.ts';
import { type ByteStream, isStream, type Reply, type ReplyBody } from '../../pipeline/reply.ts';

export interface AnswerFormDeps {
  /** Letters and digits that nothing else was named with. */
  readonly createId: () => string;
}

/**
 * Puts answers into the form that was asked for, where it is not the dialect's own. It lies around the cache: what is kept is the model's
 * answer, and what the form says of this exchange (its times, whether it was cached) is true each time.
 */
export function createAnswerForm(deps: AnswerFormDeps): Policy {
  return {
    name: 'answer-form',
    stage: 'enrich',
    reads: [principalFact],
    layer: (route) => {
      if (route.operation === undefined) return undefined;
      return (next) => (request, exchange) => {
        const form = request.operation?.answerForm;
        return form === undefined
          ? next(request, exchange)
          : answer({ form, id: deps.createId(), exchange }, () => next(request, exchange));
      };
    },
  };
}

interface Asked {
  readonly form: AnswerForm;
  readonly id: string;
  readonly exchange: Exchange;
}

async function answer({ form, id, exchange }: Asked, ask: () => Promise<Reply>): Promise<Reply> {
  checkUser(form.user, exchange);
  const { clock } = exchange;
  const askedAtMs = clock.monotonic();
  const reply = await ask();
  // The caller's own fault, in the upstream's words: told anew, by whoever tells errors.
  if (reply.status >= 300) throw form.refusal(reply.status, new Headers(reply.headers), bytesOf(reply.body));

  const look = (): AnswerFacts => {
    const nowMs = clock.monotonic();
    const cache = exchange.peek(cacheFact);
    const context = exchange.peek(contextFact);
    return {
      id,
      cached: cache === 'hit' || cache === 'coalesced',
      model: exchange.peek(upstreamFact)?.model,
      nowMs: clock.now(),
      generationMs: Math.max(0, nowMs - askedAtMs - (context?.waitedMs ?? 0)),
      totalMs: nowMs - exchange.startedAtMs,
      context,
    };
  };
  if (!isEventStream(reply)) return { ...reply, headers: JSON_HEADERS, body: form.whole(bytesOf(reply.body), look()) };
  if (form.stream === undefined) throw new Error(`${exchange.route.pattern}: a stream came where none was asked for`);
  const stream = form.stream(look);
  const headers = stream.contentType === undefined ? reply.headers : { ...reply.headers, 'content-type': stream.contentType };
  // From the cache, a stream comes in one piece.
  return {
    ...reply,
    headers,
    body: isStream(reply.body) ? retold(reply.body, stream, exchange) : (stream.push(bytesOf(reply.body)) ?? null),
  };
}

const JSON_HEADERS = { 'content-type': 'application/json' };

/** Whoever speaks for one user does not learn that there are others. */
function checkUser(user: string | undefined, exchange: Exchange): void {
  const bound = exchange.get(principalFact).user;
  if (user === undefined || bound === undefined || user === bound) return;
  throw new GatewayError('resource_unknown', 'there is no such user', { param: 'user_id' });
}

/** The stream in its form: read as it is taken, so the pump's back-pressure, deadlines and ends hold for it. */
async function* retold(body: ByteStream, stream: FormStream, exchange: Exchange): ByteStream {
  exchange.bytesGiven = 0;
  for await (const chunk of body) {
    const told = stream.push(chunk);
    if (told === undefined) continue;
    exchange.bytesGiven += told.length;
    yield told;
  }
}

function isEventStream({ headers }: Reply): boolean {
  return headers['content-type']?.startsWith('text/event-stream') === true;
}

function bytesOf(body: ReplyBody): Uint8Array {
  if (body === null || isStream(body)) return new Uint8Array(0);
  return typeof body === 'string' ? Buffer.from(body) : body;
}

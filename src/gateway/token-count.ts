import { GatewayError } from '../base/errors.ts';
import { estimateChatTokens } from '../catalog/chat-tokens.ts';
import { DIALECTS_BY_NAME } from '../dialects/registry.ts';
import type { Operation } from '../operations/operation.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { Router } from '../routing/router.ts';

/** What servers answer that speak a dialect and do not count. */
const NO_SUCH_ROUTE: ReadonlySet<number> = new Set([404, 405, 501]);

/**
 * Counts the tokens of a chat, in any dialect that asks for that: by a target that counts, or else by an estimate of ours, which says so. Without a count
 * clients find out by asking the model, which costs.
 */
export function createTokenCount(router: Router, call: Handler): Handler {
  return async (request, exchange) => {
    const { operation } = request;
    // Whatever is wrong with a name that means nothing is said where all such names are refused.
    if (operation === undefined || !router.knows(operation.model)) return call(request, exchange);
    if (!router.serves(operation)) return estimated(operation, exchange);
    try {
      const reply = await call(request, exchange);
      return NO_SUCH_ROUTE.has(reply.status) ? estimated(operation, exchange) : reply;
    } catch (cause) {
      if (!(cause instanceof GatewayError) || cause.row.source !== 'upstream') throw cause;
      return estimated(operation, exchange);
    }
  };
}

function estimated(operation: Operation, exchange: Exchange): Reply {
  const codec = DIALECTS_BY_NAME.get(operation.dialect)?.codecs.countTokens;
  if (codec === undefined) throw new Error(`the dialect '${operation.dialect}' counts no tokens`);
  const { model } = operation;
  const asked = codec.decodeRequest(operation);
  const inputTokens = estimateChatTokens(asked);
  exchange.replyHeaders['x-gatehouse-tokens'] = 'estimated';
  const facts = { id: exchange.id, model, nowMs: exchange.clock.now(), usageWanted: false };
  return { status: 200, headers: { 'content-type': 'application/json' }, body: codec.encodeReply({ inputTokens }, facts, asked) };
}

/*
 * Anthropic's messages API: a client of Anthropic that is pointed here works, Claude Code among them.
 *
 *   messages         a model route, like those of any dialect
 *   count_tokens     asked of a target that counts; else estimated here, so that it answers for every model
 *
 * The list of models shares its path with OpenAI's (model-routes.ts).
 */

import { GatewayError } from '../base/errors.ts';
import { DIALECTS_BY_NAME } from '../dialects/registry.ts';
import type { Route } from '../edge/route-table.ts';
import type { ChatRequest } from '../operations/chat.ts';
import type { Operation } from '../operations/operation.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { Router } from '../routing/router.ts';
import { countTokensDocs, messagesDocs } from './anthropic-docs.ts';
import type { ExampleModels } from './model-docs.ts';
import { estimateTokens } from './token-estimate.ts';

export interface AnthropicRoutesDeps {
  readonly router: Router;
  /** Answers the model routes. */
  readonly call: Handler;
  /** Models that the documentation may name. */
  readonly examples: ExampleModels;
}

const DIALECT = 'anthropic-messages';

export function createAnthropicRoutes({ router, call, examples }: AnthropicRoutesDeps): Route[] {
  const shared = { methods: ['POST'], kind: 'model', access: 'key', dialect: DIALECT } as const;
  return [
    { ...shared, pattern: '/v1/messages', operation: 'chat', handler: call, docs: messagesDocs(examples) },
    {
      ...shared,
      pattern: '/v1/messages/count_tokens',
      operation: 'count-tokens',
      handler: createCount(router, call),
      docs: countTokensDocs(examples),
    },
  ];
}

/** What servers answer that speak the dialect and do not count. */
const NO_SUCH_ROUTE: ReadonlySet<number> = new Set([404, 405, 501]);

/** Without a count clients find out by asking the model, which costs: so an estimate stands in where no target counts, or none can be reached. */
function createCount(router: Router, call: Handler): Handler {
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
  const chat: ChatRequest | undefined = DIALECTS_BY_NAME.get(operation.dialect)?.codecs.countTokens?.decodeRequest(operation);
  if (chat === undefined) throw new Error(`the dialect '${operation.dialect}' counts no tokens`);
  exchange.replyHeaders['x-gatehouse-tokens'] = 'estimated';
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ input_tokens: estimateTokens(chat) }) };
}

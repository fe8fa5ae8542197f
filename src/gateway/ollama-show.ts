import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import { createGlob } from '../base/glob.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { decodeModelRequest } from '../dialects/ollama/request.ts';
import { DIALECTS_BY_NAME } from '../dialects/registry.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { principalFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Router } from '../routing/router.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { DescribeModel } from './model-description.ts';
import { showElsewhere } from './ollama-elsewhere.ts';

/** A request names a model, and at most a template or a system prompt beside it. */
const BODY_BYTES_MAX = 1_048_576;
/** With `verbose` it holds the whole vocabulary of the model. */
const REPLY_BYTES_MAX = 64 * 1_048_576;
const DEADLINE_MS = 10_000;
const EMPTY = new Uint8Array(0);

export interface ShowDeps {
  readonly router: Router;
  readonly upstream: Upstream;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** What the catalogue knows of a model. */
  readonly describe: DescribeModel;
}

/**
 * What is known of a model: asked of the targets that would answer for it, in their order, and handed on as it comes; or told from the catalogue, where none
 * of them speaks the dialect.
 */
export function createShow(config: { readonly dialect: string; readonly path: string }, deps: ShowDeps): Handler {
  const { router } = deps;
  const dialect: Dialect | undefined = DIALECTS_BY_NAME.get(config.dialect);
  if (dialect === undefined) throw new Error(`there is no dialect '${config.dialect}'`);
  const names = new Set(router.names);
  const startedAt = new Date(deps.clock.now()).toISOString();
  return async (request, exchange) => {
    const { body } = request;
    const bytes = body.kind === 'unread' ? await body.read(BODY_BYTES_MAX) : EMPTY;
    const { model, encode } = decodeModelRequest(bytes, { hasModel: (name) => names.has(name) });
    checkPermission(model, exchange);
    if (router.targets(model, dialect.name).length === 0) {
      const shown = showElsewhere({ model, dialect: dialect.name, startedAt, nowMs: deps.clock.now() }, router, deps.describe);
      return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(shown) };
    }
    const plan = router.plan({ model, kind: 'chat', dialect: dialect.name, sameDialect: true }, deps.random);
    const headers = { 'content-type': 'application/json', accept: 'application/json', 'accept-encoding': 'identity' };
    const reply = await deps.upstream.call({
      candidates: plan.targets.map((target) => ({
        name: target.id,
        group: target.group,
        expect: { kind: 'whole', bytesMax: REPLY_BYTES_MAX, check: checkJson },
        classify: (status, replyHeaders, replyBytes) => dialect.classifyError(status, replyHeaders, replyBytes),
        prepare: (baseUrl) => ({
          url: target.baseOf(baseUrl) + config.path,
          method: 'POST',
          headers: { ...headers, ...target.headers },
          body: encode(target.model),
        }),
      })),
      signal: exchange.signal,
      totalTimeoutMs: DEADLINE_MS,
      firstTokenTimeoutMs: DEADLINE_MS,
      replayable: true,
    });
    if (reply.body.kind !== 'whole') throw new Error('a whole reply was asked for');
    return {
      status: reply.status,
      headers: { 'content-type': reply.headers.get('content-type') ?? 'application/json' },
      body: reply.body.bytes,
    };
  };
}

function checkPermission(model: string, exchange: Exchange): void {
  const { models } = exchange.get(principalFact);
  if (models !== undefined && !models.some((pattern) => createGlob(pattern)(model)))
    throw new GatewayError('model_forbidden', 'this key may not use the model', { param: 'model' });
}

function checkJson(bytes: Uint8Array): void {
  try {
    JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new GatewayError('upstream_reply_invalid', "the upstream's reply is no valid JSON", { cause });
  }
}

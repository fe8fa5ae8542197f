import type { Dialect } from '../../dialects/dialect.ts';
import type { Policy } from '../../pipeline/policy.ts';
import { isStream } from '../../pipeline/reply.ts';
import { checkContentEncoding, checkContentType } from './body-head.ts';
import { parseQuery, queryAnswer } from './query-form.ts';

export interface ReadQueryConfig {
  /** The route that speaks this form. */
  readonly pattern: string;
  readonly bodyBytesMax: number;
  /** Who answers when the caller names no model. */
  readonly defaultModel: string | undefined;
}

/**
 * Reads a query as the chat request that asks the same, and gives its reply back as a query's. All that comes after, model access, limits,
 * cache, routing, sees a chat request like any other.
 */
export function createReadQuery(config: ReadQueryConfig, deps: { readonly dialects: ReadonlyMap<string, Dialect> }): Policy {
  return {
    name: 'read-query',
    stage: 'read',
    layer: (route) => {
      const dialect = deps.dialects.get(route.dialect);
      if (route.pattern !== config.pattern || route.kind !== 'model' || dialect === undefined) return undefined;
      return (next) => async (request, exchange) => {
        checkContentType(request.headers);
        checkContentEncoding(request.headers);
        const given = request.body.kind === 'unread' ? await request.body.read(config.bodyBytesMax) : new Uint8Array(0);
        const query = parseQuery(given, config.defaultModel);
        const operation = dialect.decode('chat', query.chat);
        const { clock, startedAtMs } = exchange;
        const calledMs = clock.monotonic();
        const reply = await next({ ...request, body: { kind: 'bytes', bytes: query.chat }, operation }, exchange);
        const { body } = reply;
        if (reply.status !== 200 || body === null || isStream(body)) return reply;
        const completion = JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body)) as Parameters<
          typeof queryAnswer
        >[1];
        const nowMs = clock.monotonic();
        const answer = queryAnswer(query, completion, { generationMs: nowMs - calledMs, totalMs: nowMs - startedAtMs });
        return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(answer) };
      };
    },
  };
}

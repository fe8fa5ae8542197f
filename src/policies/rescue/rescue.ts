import { GatewayError } from '../../base/errors.ts';
import { type ErrorEncoder, encodeServiceError, errorReply } from '../../pipeline/error-reply.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { errorFact } from '../../pipeline/facts.ts';
import type { Policy } from '../../pipeline/policy.ts';
import type { Logger } from '../../telemetry/logger.ts';

export interface RescueDeps {
  readonly logger: Logger;
  /** Encoders of the dialects, by name; a route whose dialect is not here is answered in the service shape. */
  readonly encoders: ReadonlyMap<string, ErrorEncoder>;
}

/** Turns every error into a reply, in the caller's dialect: the only place where that happens. */
export function createRescue(deps: RescueDeps): Policy {
  return {
    name: 'rescue',
    stage: 'rescue',
    writes: [errorFact],
    layer: (route) => {
      const encoderOf = (headers: Headers) => deps.encoders.get(route.dialectOf?.(headers) ?? route.dialect) ?? encodeServiceError;
      return (next) => async (request, exchange) => {
        try {
          return await next(request, exchange);
        } catch (cause) {
          const error = asGatewayError(cause, exchange, deps.logger);
          exchange.set(errorFact, error);
          return errorReply(error, exchange.id, encoderOf(request.headers));
        }
      };
    },
  };
}

function asGatewayError(cause: unknown, exchange: Exchange, logger: Logger): GatewayError {
  if (cause instanceof GatewayError) return cause;
  if (exchange.signal.aborted) return new GatewayError('client_closed', 'the client closed the connection', { cause });
  // What is not one of ours is a defect: the caller learns no more than that, the log has the rest.
  logger.error('unexpected error', { correlation_id: exchange.id, route: exchange.route.pattern, error: cause });
  return new GatewayError('internal_error', 'An unexpected error occurred', { cause });
}

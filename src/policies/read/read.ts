import type { Dialect } from '../../dialects/dialect.ts';
import type { Policy } from '../../pipeline/policy.ts';
import { checkContentEncoding, checkContentType } from './body-head.ts';

export interface ReadConfig {
  /** Largest body of a model route. */
  readonly bodyBytesMax: number;
}

export interface ReadDeps {
  readonly dialects: ReadonlyMap<string, Dialect>;
}

/** Reads the body of a model route and decodes what it asks, once the caller is known. */
export function createRead(config: ReadConfig, deps: ReadDeps): Policy {
  return {
    name: 'read',
    stage: 'read',
    layer: (route) => {
      const { operation: kind } = route;
      const dialect = deps.dialects.get(route.dialect);
      if (kind === undefined || dialect === undefined) return undefined;
      return (next) => async (request, exchange) => {
        checkContentType(request.headers);
        checkContentEncoding(request.headers);
        const { body } = request;
        const bytes = body.kind === 'unread' ? await body.read(config.bodyBytesMax) : body.kind === 'bytes' ? body.bytes : EMPTY;
        const operation = dialect.decode(kind, bytes);
        return next({ ...request, body: { kind: 'bytes', bytes }, operation }, exchange);
      };
    },
  };
}

const EMPTY = new Uint8Array(0);

import type { CallerDialect, DecodeHints } from '../../dialects/dialect.ts';
import type { Policy } from '../../pipeline/policy.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';
import { checkContentEncoding, checkContentType } from './body-head.ts';

export interface ReadConfig {
  /** Largest body of a model route. */
  readonly bodyBytesMax: number;
}

export interface ReadDeps {
  readonly dialects: ReadonlyMap<string, CallerDialect>;
  /** Name of the model for a body that names none; `named` is what its dialect would take. */
  readonly defaultModel: (named: string) => string | Promise<string>;
  /** Names of the configured models. */
  readonly models: ReadonlySet<string>;
}

/** Reads the body of a model route and decodes what it asks, once the caller is known. */
export function createRead(config: ReadConfig, deps: ReadDeps): Policy {
  return {
    name: 'read',
    stage: 'read',
    layer: (route) => {
      const { operation: kind, form } = route;
      const dialect = deps.dialects.get(route.dialect);
      if (kind === undefined || dialect === undefined) return undefined;
      const hints: DecodeHints = { hasModel: (name) => deps.models.has(name), ...(form === undefined ? {} : { form }) };
      return (next) => async (request, exchange) => {
        checkContentType(request.headers, dialect.otherContentTypes);
        checkContentEncoding(request.headers);
        const { method, path, search, headers, params, body } = request;
        const bytes = body.kind === 'unread' ? await body.read(config.bodyBytesMax) : body.kind === 'bytes' ? body.bytes : EMPTY;
        const decoded = dialect.decode(kind, bytes, params === undefined ? hints : { ...hints, params, search });
        if (decoded === undefined) return next({ ...request, body: { kind: 'bytes', bytes } }, exchange);
        const operation = decoded.modelDefaulted === true ? { ...decoded, model: await deps.defaultModel(decoded.model) } : decoded;
        const read: GatewayRequest = { method, path, search, headers, body: { kind: 'bytes', bytes }, operation };
        return next(params === undefined ? read : { ...read, params }, exchange);
      };
    },
  };
}

const EMPTY = new Uint8Array(0);

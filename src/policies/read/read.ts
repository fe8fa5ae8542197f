import type { CallerDialect } from '../../dialects/dialect.ts';
import { decodeHints } from '../../pipeline/decode-hints.ts';
import type { Policy } from '../../pipeline/policy.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';
import { checkContentEncoding, checkContentType } from './body-head.ts';
import { type FormDeps, formBoundary, readForm } from './read-form.ts';

export interface ReadConfig {
  /** Largest body of a model route. */
  readonly bodyBytesMax: number;
  /** Largest form with files in it. */
  readonly formBytesMax: number;
}

export interface ReadDeps extends FormDeps {
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
      const { operation: kind } = route;
      const dialect = deps.dialects.get(route.dialect);
      if (kind === undefined || dialect === undefined) return undefined;
      const hasModel = (name: string): boolean => deps.models.has(name);
      return (next) => async (request, exchange) => {
        const { method, path, search, headers, params, body } = request;
        const boundary = route.takesForms === true ? formBoundary(headers) : undefined;
        if (boundary !== undefined && dialect.forms !== undefined) {
          checkContentEncoding(headers);
          const form = await readForm(request, exchange, {
            boundary,
            bytesMax: config.formBytesMax,
            forms: dialect.forms,
            spools: deps.spools,
          });
          const operation = dialect.forms.decode(kind, form);
          return next({ ...request, body: { kind: 'none' }, operation }, exchange);
        }
        checkContentType(headers, dialect.otherContentTypes);
        checkContentEncoding(headers);
        const bytes = body.kind === 'unread' ? await body.read(config.bodyBytesMax) : body.kind === 'bytes' ? body.bytes : EMPTY;
        const decoded = dialect.decode(kind, bytes, decodeHints(request, route, hasModel));
        if (decoded === undefined) return next({ ...request, body: { kind: 'bytes', bytes } }, exchange);
        const operation = decoded.modelDefaulted === true ? { ...decoded, model: await deps.defaultModel(decoded.model) } : decoded;
        const read: GatewayRequest = { method, path, search, headers, body: { kind: 'bytes', bytes }, operation };
        return next(params === undefined ? read : { ...read, params }, exchange);
      };
    },
  };
}

const EMPTY = new Uint8Array(0);

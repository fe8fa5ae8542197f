/*
 * `POST /api/chat` has two kinds of callers: StillMe's (`{message, user_id}`) and Ollama's (`{model, messages}`). The body says which. Where
 * StillMe's own backend is configured it answers the first kind, and what is not for a model is passed over here.
 */

import type { JsonScan } from '../base/json-scan.ts';
import type { CallerDialect } from './dialect.ts';
import { scanBody } from './dialect-body.ts';

export interface ApiChatParts {
  readonly name: string;
  readonly native: CallerDialect;
  readonly isSimple: (scan: JsonScan) => boolean;
  /** Undefined: a service answers them. */
  readonly simple: CallerDialect | undefined;
}

export function createApiChat({ name, native, isSimple, simple }: ApiChatParts): CallerDialect {
  return {
    name,
    otherContentTypes: native.otherContentTypes ?? [],
    errorSchema: async () => (await import('./dialect-error-schemas.ts')).apiChatError,
    // Clients of Ollama raise what stands in `error`, which is a text; those of FastAPI look into `detail`.
    encodeError(error, correlationId) {
      const told = native.encodeError(error, correlationId);
      const { detail } = error.options;
      const body = { ...(JSON.parse(told.body) as object), detail: detail?.['fields'] ?? detail ?? error.message };
      return { ...told, body: JSON.stringify(body) };
    },
    decode(kind, bytes, hints) {
      return isSimple(scanBody(bytes)) ? simple?.decode(kind, bytes, hints) : native.decode(kind, bytes, hints);
    },
  };
}

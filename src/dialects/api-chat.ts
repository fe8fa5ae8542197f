/*
 * `POST /api/chat` has two kinds of callers: StillMe's (`{message, user_id}`) and Ollama's (`{model, messages}`). The body says which. Where
 * StillMe's own backend is configured it answers the first kind, and what is not for a model is passed over here.
 */

import { z } from 'zod';
import type { GatewayError } from '../base/errors.ts';
import type { JsonScan } from '../base/json-scan.ts';
import type { CallerDialect, EncodedError } from './dialect.ts';
import { scanBody } from './dialect-body.ts';

export interface ApiChatParts {
  readonly name: string;
  readonly native: CallerDialect;
  readonly isSimple: (scan: JsonScan) => boolean;
  /** Undefined: a service answers them. */
  readonly simple: CallerDialect | undefined;
}

const apiChatError = z
  .looseObject({ error: z.string(), code: z.string(), type: z.string(), correlation_id: z.string(), detail: z.unknown() })
  .meta({
    id: 'ApiChatError',
    description: 'An error as both kinds of callers read it: a text in `error`, and what there is to say in `detail`.',
  });

export function createApiChat({ name, native, isSimple, simple }: ApiChatParts): CallerDialect {
  return {
    name,
    otherContentTypes: native.otherContentTypes ?? [],
    errorSchema: apiChatError,
    encodeError,
    decode(kind, bytes, hints) {
      return isSimple(scanBody(bytes)) ? simple?.decode(kind, bytes, hints) : native.decode(kind, bytes, hints);
    },
  };
}

/** Clients of Ollama raise what stands in `error`, which must be a text; those of FastAPI look into `detail`. */
function encodeError(error: GatewayError, correlationId: string): EncodedError {
  const { param, detail } = error.options;
  const body = {
    error: error.message,
    type: error.row.type,
    code: error.code,
    param,
    correlation_id: correlationId,
    detail: detail?.['fields'] ?? detail ?? error.message,
  };
  return { contentType: 'application/json', body: JSON.stringify(body) };
}

/* What the API documentation has to know of the configuration, beside the routes. */

import { openApiDocument } from '../admin/openapi/document.ts';
import type { ErrorShape } from '../admin/openapi/error-replies.ts';
import type { Config } from '../config/config.ts';
import { CALLER_DIALECTS_BY_NAME } from '../dialects/registry.ts';
import type { Route } from '../edge/route-table.ts';
import { isCallerRequired } from '../policies/identify/identify.ts';
import { limitedWindows } from '../policies/rate-limit/rate-limit.ts';

/** The OpenAPI document of these routes under this configuration. */
export function documentOf(config: Config, routes: readonly Route[], version: string): object {
  const errorShapes = new Map<string, ErrorShape>(
    [...CALLER_DIALECTS_BY_NAME].map(([name, { errorSchema, encodeError }]) => [name, { schema: errorSchema, encode: encodeError }]),
  );
  const listed = routes.filter(({ docs }) => docs?.unlisted !== true);
  return openApiDocument(listed, {
    version,
    errorShapes,
    keyRequired: isCallerRequired(config.auth, config.server.environment),
    tokens: config.auth.jwt !== undefined,
    metricsAccess: config.telemetry.metrics.access,
    rateWindows: limitedWindows(config.limits),
    cachedPaths: config.cache.routes.map(({ match }) => match),
  });
}

import type { DecodeHints } from '../dialects/dialect.ts';
import type { GatewayRequest } from './request.ts';
import type { RouteInfo } from './route.ts';

/** What a body is decoded with: what the route, its path and its query say. `hasModel`: whether a model of that name is configured. */
export function decodeHints(
  { params, search }: GatewayRequest,
  { form }: Pick<RouteInfo, 'form'>,
  hasModel: DecodeHints['hasModel'],
): DecodeHints {
  return {
    hasModel,
    ...(form === undefined ? {} : { form }),
    ...(params === undefined ? {} : { params }),
    ...(params === undefined && search === '' ? {} : { search }),
  };
}

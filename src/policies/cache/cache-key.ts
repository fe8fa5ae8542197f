import type { Exchange } from '../../pipeline/exchange.ts';
import type { Principal } from '../../pipeline/facts.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';

/** Headers that make a service answer differently. `authorization` is not among them: the principal stands for it. */
const VARYING_HEADERS = ['accept', 'accept-language', 'accept-encoding', 'range'] as const;

/**
 * The key of a request: SHA-256 over everything that may change the answer. The tenant, and the end user that a credential is bound to,
 * come first, so tenants never meet; parts are parted by a byte that cannot occur inside them.
 */
export function cacheKey(request: GatewayRequest, exchange: Exchange, principal: Principal): string {
  const { operation, body } = request;
  const hasher = new Bun.CryptoHasher('sha256');
  let head = `${principal.tenant}\0${principal.user ?? ''}\0${exchange.route.pattern}\0`;
  if (operation === undefined) {
    head += `${request.method}\0${request.path}\0${request.search}`;
    for (const name of VARYING_HEADERS) head += `\0${request.headers.get(name) ?? ''}`;
  }
  hasher.update(head);
  if (body.kind === 'bytes') hasher.update(body.bytes);
  return `cache:${hasher.digest('base64url')}`;
}

import { CREDENTIAL_HEADERS } from '../../base/credential-headers.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import type { Principal } from '../../pipeline/facts.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';

/** Headers that make a service answer differently, whether it says so (`Vary`) or not. */
const VARYING_HEADERS = ['accept', 'accept-language', 'accept-encoding', 'range', 'origin', 'cookie'] as const;

const KEYED_HEADERS: ReadonlySet<string> = new Set([...VARYING_HEADERS, ...CREDENTIAL_HEADERS]);

/** Whether the key tells apart all that a reply with this `Vary` header depends on (RFC 9111 §4.1). */
export function keyCovers(vary: string | undefined): boolean {
  return vary === undefined || vary.split(',').every((name) => KEYED_HEADERS.has(name.trim().toLowerCase()));
}

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
    // The principal stands for a credential. Where nobody is known it is the service's own (RFC 9111 §3.5), and so is what it makes of it.
    if (principal.kind === 'anonymous') for (const name of CREDENTIAL_HEADERS) head += `\0${request.headers.get(name) ?? ''}`;
  } else if (operation.answerForm !== undefined) {
    // What such a body says of model and user is not in the question any more.
    head += `${operation.model}\0${operation.user ?? ''}\0`;
  } else if (request.params !== undefined) {
    // Where the path names the model, the body does not.
    head += `${operation.model}\0`;
  }
  hasher.update(head);
  if (operation !== undefined) hasher.update(operation.bytes);
  else if (body.kind === 'bytes') hasher.update(body.bytes);
  return `cache:${hasher.digest('base64url')}`;
}

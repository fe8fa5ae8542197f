import { CREDENTIAL_HEADERS } from '../../base/credential-headers.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { contextFact, type Principal } from '../../pipeline/facts.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';
import { valueScope } from '../../stores/value/value-scope.ts';

/** Headers that make a service answer differently, whether it says so (`Vary`) or not. */
const VARYING_HEADERS = ['accept', 'accept-language', 'accept-encoding', 'range', 'origin', 'cookie'] as const;

const KEYED_HEADERS: ReadonlySet<string> = new Set([...VARYING_HEADERS, ...CREDENTIAL_HEADERS]);

/** Whether the key tells apart all that a reply with this `Vary` header depends on (RFC 9111 §4.1). */
export function keyCovers(vary: string | undefined): boolean {
  return vary === undefined || vary.split(',').every((name) => KEYED_HEADERS.has(name.trim().toLowerCase()));
}

export interface KeyParts {
  readonly principal: Principal;
  /** Names of the headers that targets of a dialect see as the caller sent them. */
  readonly passedHeaders: PassedHeaders;
}

export type PassedHeaders = (dialect: string) => readonly string[];

/**
 * The key of a request: SHA-256 over everything that may change the answer. The tenant, and the end user that a credential is bound to,
 * come first, so tenants never meet; parts are parted by a byte that cannot occur inside them. Before it stands the scope of the user that it is
 * about (the credential's; where that is nobody's, whom the request names), by which all of a user's answers are deleted.
 */
export function cacheKey(request: GatewayRequest, exchange: Exchange, { principal, passedHeaders }: KeyParts): string {
  const { operation, body } = request;
  const hasher = new Bun.CryptoHasher('sha256');
  let head = `${principal.tenant}\0${principal.user ?? ''}\0${exchange.route.pattern}\0`;
  if (operation === undefined) {
    head += `${request.method}\0${request.path}\0${request.search}`;
    for (const name of VARYING_HEADERS) head += `\0${request.headers.get(name) ?? ''}`;
    // The principal stands for a credential. Where nobody is known it is the service's own (RFC 9111 §3.5), and so is what it makes of it.
    if (principal.kind === 'anonymous') for (const name of CREDENTIAL_HEADERS) head += `\0${request.headers.get(name) ?? ''}`;
  } else {
    // The path and the query may say these, and not the body. What targets see of the caller's headers changes their answer, too.
    const { dialect, model, form, stream, answerForm, user, told } = operation;
    head += `${dialect}\0${model}\0${form ?? ''}\0${stream}\0`;
    for (const name of passedHeaders(dialect)) head += `${request.headers.get(name) ?? ''}\0`;
    if (operation.headers !== undefined) head += `${JSON.stringify(operation.headers)}\0`;
    // What such a body says of its user is not in the question any more.
    if (answerForm !== undefined) head += `${user ?? ''}\0`;
    // What it was told is in the question; for whom is not.
    if (told !== undefined) head += `${told.user ?? ''}\0`;
  }
  hasher.update(head);
  if (operation !== undefined) hasher.update(operation.bytes);
  else if (body.kind === 'bytes') hasher.update(body.bytes);
  const user = principal.user ?? exchange.peek(contextFact)?.user ?? operation?.user;
  return `${valueScope({ tenant: principal.tenant, user })}cache:${hasher.digest('base64url')}`;
}

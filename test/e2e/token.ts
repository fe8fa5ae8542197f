import { createHmac } from 'node:crypto';

/** A JSON Web Token with these claims, signed with HS256; without a secret it claims to need no signature (`alg: none`). */
export function jwt(claims: Readonly<Record<string, unknown>>, secret: string | undefined): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: secret === undefined ? 'none' : 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${secret === undefined ? '' : createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

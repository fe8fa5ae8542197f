/*
 * What must never be shown. A value is secret when its schema says so (`.meta({ secret: true })`), and as a second net when its
 * name does: a provider's `headers` and names nobody thought of when the schema was written are covered too.
 */

import type { ConfigPath } from './config-path.ts';
import { type AnySchema, isMarkedSecret, schemasAt } from './schema-fields.ts';

export const HIDDEN = '(secret, set)';
const MASK = '••••';

/** The last word of a name says what it holds: `api_key` and `x-api-key` are secrets, `key_file` and `first_token_timeout` are not. */
const SECRET_NAME = /(?:^|[-_.\s]|[a-z])(?:key|secret|token|password|passwd|passphrase|credential|authorization|cookie)$/i;
const SECRET_LIST = /(?:keys|secrets|tokens|passwords|credentials|cookies)$/i;

/** Whether the value at a path must not be shown. */
export function isSecret(root: AnySchema, path: ConfigPath, value: unknown): boolean {
  for (let length = 1; length <= path.length; length += 1) {
    if (schemasAt(root, path.slice(0, length)).some(isMarkedSecret)) return true;
  }
  // Counts, durations and switches are no secrets, whatever they are called.
  if (typeof value !== 'string') return false;
  const names = path.filter((segment) => typeof segment === 'string');
  if (names.some((name, depth) => depth > 0 && (SECRET_NAME.test(name) || name === 'headers'))) return true;
  return typeof path.at(-1) === 'number' && SECRET_LIST.test(names.at(-1) ?? '');
}

/** The value as it may be shown: credentials inside a URL are taken out. */
export function withoutCredentials(text: string): string {
  return text
    .replace(/^([a-z][\w+.-]*:\/\/)[^/?#\s]*@/i, `$1${MASK}@`)
    .replaceAll(/([?&][^=&#]*(?:key|secret|token|password|signature|sig)=)[^&#]*/gi, `$1${MASK}`);
}

const SECRET_IN_LINE =
  /((?:key|secret|token|password|passwd|passphrase|credential|authorization|cookie)[a-z]{0,2}["']?\s*:(?!\s*\[\s*\{)\s*)("(?:[^"\\]|\\.)*"?|'[^']*'?|\[[^\]]*\]?|\$\{[^}]*\}|[^,}#]*[^,}#\s])/gi;
const PURE_REFERENCE = /^["']?\$\{[^}]*\}["']?$/;

/** A line of a configuration file as it may be shown. Columns stay where they are. Hides too much rather than too little. */
export function maskLine(line: string): string {
  const blank = (text: string) => '•'.repeat(text.length);
  return line
    .replaceAll(SECRET_IN_LINE, (whole, name: string, value: string) => (PURE_REFERENCE.test(value) ? whole : name + blank(value)))
    .replaceAll(/\bsk-[\w-]{4,}/g, blank)
    .replaceAll(/(:\/\/)([^/@\s"']+)(?=@)/g, (_, slashes: string, credentials: string) => slashes + blank(credentials));
}

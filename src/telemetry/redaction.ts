/*
 * The one place that keeps secrets out of what leaves the process sideways: logs, traces, the configuration as the admin API shows it.
 *
 * Two nets. By name: the value of a field whose last word is one of SECRET_WORDS is never shown, at any depth. By shape: in
 * every other string, what looks like a credential is cut out. A value must pass both.
 */

/** Stands where a secret stood. */
export const REDACTED = '[redacted]';

const DEPTH_MAX = 8;
const ITEMS_MAX = 200;
const STRING_MAX = 8_192;

/** A field is secret when its last word is one of these: `api_key`, `apiKey`, `X-Api-Key`, `clientSecret`, `set-cookie`. */
const SECRET_WORDS = new Set([
  'key',
  'keys',
  'apikey',
  'apikeys',
  'token',
  'secret',
  'secrets',
  'password',
  'passwords',
  'passwd',
  'passphrase',
  'authorization',
  'auth',
  'bearer',
  'cookie',
  'cookies',
  'credential',
  'credentials',
  'jwt',
  'signature',
]);

// What credentials look like: prefixed keys (OpenAI, Anthropic, Groq, xAI, Hugging Face, GitHub, GitLab, Slack, Stripe), Google
// and AWS keys, JSON web tokens, and the schemes of an Authorization header.
const KEY_SHAPES =
  /\b(?:sk|pk|rk|gsk|xai|hf|ghp|gho|ghs|ghu|glpat|xox[abprs])[-_][A-Za-z0-9_-]{6,}|\bgithub_pat_\w{10,}|\bAIza[A-Za-z0-9_-]{20,}|\bA(?:KIA|SIA)[A-Z0-9]{12,}|\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4}|\b(?:[Bb]earer|BEARER|[Bb]asic|BASIC)\s+[A-Za-z0-9._~+/=-]{4,}/g;
// `name=value`, `name: value` and `"name":"value"` in free text, a query string or a dumped header. A quoted value ends at its
// quote, a bare one at white space or a separator.
const NAMED_SECRETS =
  /((?:key|token|secret|password|passwd|passphrase|authorization|cookie|credentials?|signature)["']?\s*[=:]\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:(?:bearer|basic)\s+)?[^\s"',;&)}\]]+)/gi;
// `scheme://user:password@host`, also without the user.
const URL_PASSWORDS = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*):[^\s/@]+@/gi;

/** The text without what looks like a credential. Bounded: what is longer than 8,192 characters is cut there. */
export function redactText(text: string): string {
  const bounded = text.length > STRING_MAX ? `${text.slice(0, STRING_MAX)}…` : text;
  if (!isSuspicious(bounded)) return bounded;
  return bounded.replace(URL_PASSWORDS, `$1:${REDACTED}@`).replace(NAMED_SECRETS, `$1${REDACTED}`).replace(KEY_SHAPES, REDACTED);
}

/** Characters without which none of the patterns above can match: some alone, some after one of the pairs. */
const ALONE = '=:@ \t\r\n\v\f';
const AFTER: Readonly<Record<string, readonly string[]>> = {
  '-': ['sk', 'pk', 'rk', 'ai', 'hf', 'hp', 'ho', 'hs', 'hu', 'at', 'xa', 'xb', 'xp', 'xr', 'xs'],
  _: ['sk', 'pk', 'rk', 'ai', 'hf', 'hp', 'ho', 'hs', 'hu', 'at', 'xa', 'xb', 'xp', 'xr', 'xs'],
  z: ['AI'],
  A: ['KI', 'SI'],
  J: ['ey'],
};
const PAIRS = new Map(Object.entries(AFTER).map(([character, pairs]) => [character.charCodeAt(0), new Set(pairs.map(pairCode))]));
/** By character code: 1 suspicious alone, 2 after a pair. */
const SUSPICION = Uint8Array.from({ length: 128 }, (_, code) => (ALONE.includes(String.fromCharCode(code)) ? 1 : PAIRS.has(code) ? 2 : 0));

/**
 * Whether the patterns need to be tried: false for nearly every path and id. One pass, because the patterns cost 950 ns on the two
 * strings of an access line where this costs 140 (bench/micro/telemetry).
 */
function isSuspicious(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    // White space is not all ASCII.
    if (code > 127) return true;
    const suspicion = SUSPICION[code];
    if (suspicion === 0) continue;
    if (suspicion === 1) return true;
    if (index > 1 && PAIRS.get(code)?.has((text.charCodeAt(index - 2) << 8) | text.charCodeAt(index - 1)) === true) return true;
  }
  return false;
}

function pairCode(pair: string): number {
  return (pair.charCodeAt(0) << 8) | pair.charCodeAt(1);
}

/** Whether a field of this name holds a secret. */
export function isSecretName(name: string): boolean {
  const known = secretNames.get(name);
  if (known !== undefined) return known;
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const secret = SECRET_WORDS.has(words.findLast((word) => word !== '') ?? '');
  if (secretNames.size < SECRET_NAMES_MAX) secretNames.set(name, secret);
  return secret;
}

const secretNames = new Map<string, boolean>();
const SECRET_NAMES_MAX = 1_000;

/**
 * A copy that is safe to show and safe to serialise: secrets replaced, errors unfolded, cycles and depths over 8 cut, at most
 * 200 items of each list and object kept.
 */
export function redact(value: unknown): unknown {
  return redactAt(value, [], '');
}

function redactAt(value: unknown, path: readonly object[], name: string): unknown {
  if (name !== '' && isSecretName(name) && !isHarmless(value)) return REDACTED;
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
    case 'undefined':
      return value;
    case 'bigint':
      return value.toString();
    case 'object':
      return value === null ? null : redactObject(value, path);
    case 'function':
    case 'symbol':
      return undefined;
    default:
      return undefined;
  }
}

/** What says nothing even under a secret's name: whether it is set, and how many there are. */
function isHarmless(value: unknown): boolean {
  return value === null || value === undefined || typeof value === 'boolean';
}

function redactObject(value: object, path: readonly object[]): unknown {
  if (path.includes(value)) return '[cycle]';
  if (path.length >= DEPTH_MAX) return '[deep]';
  const inner = [...path, value];
  if (value instanceof Error) return redactError(value, inner);
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => redactAt(item, inner, ''));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return redactText(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  const entries = value instanceof Map || value instanceof Headers ? value.entries() : Object.entries(value);
  return redactEntries(entries, inner);
}

function redactEntries(entries: Iterable<readonly [unknown, unknown]>, path: readonly object[]): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  let items = 0;
  for (const [key, item] of entries) {
    items += 1;
    if (items > ITEMS_MAX) break;
    const name = String(key);
    // A name may itself be a secret: keys of a map of keys, for one.
    copy[redactText(name)] = redactAt(item, path, name);
  }
  return copy;
}

function redactError(error: Error, path: readonly object[]): Record<string, unknown> {
  const copy: Record<string, unknown> = { name: error.name, message: redactText(error.message) };
  if ('code' in error && typeof error.code === 'string') copy['code'] = error.code;
  if (error.stack !== undefined) copy['stack'] = redactText(error.stack);
  if (error.cause !== undefined) copy['cause'] = redactAt(error.cause, path, 'cause');
  return copy;
}

/*
 * What the demo is made of. A step is data: what is sent, what must come back, and what that shows. So a new route gets its step by adding a
 * row to a file in parts/, and the demo doubles as a smoke test: a step that does not do what it says fails.
 */

/** Whom a request goes to: the gateway; the one that stands before AIVillage's services; or a simulated server, by name. */
export type Recipient = 'gateway' | 'village' | 'primary' | 'backup' | (string & {});

/** The keys of the demo's gateways, by what they may do. */
export const KEYS = {
  standard: 'sk-test-key-123',
  admin: 'sk-admin-key-456',
  developer: 'sk-dev-key-789',
  /** Of the tier `standard` too, and used by one step alone: its limits are there to be met. */
  limited: 'sk-demo-limited-key',
} as const;
/** Of the tokens that they take as well. */
export const JWT_SECRET = 'a-secret-for-this-demo-alone';
export type KeyName = keyof typeof KEYS;

export interface FormFile {
  readonly filename: string;
  readonly type: string;
  readonly text: string;
}

export interface Sent {
  /** Default: GET, or POST where there is something to send. */
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT';
  readonly path: string;
  /** Default: the gateway. */
  readonly to?: Recipient;
  /** Default: `developer`; null: none. */
  readonly key?: KeyName | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** At most one of these three. */
  readonly json?: object;
  readonly text?: string;
  readonly file?: FormFile;
}

export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown;
  readonly durationMs: number;
  /** How often the request was sent until this came. */
  readonly sent: number;
}

export interface Check {
  /** What must hold, for people. */
  readonly says: string;
  readonly holds: (answer: Answer) => boolean;
}

/** What happens behind the gateway before a step. Undone at the end of its part. */
export type Deed =
  | { readonly kind: 'fault'; readonly at: Recipient; readonly fault: string; readonly path?: string }
  /** Forgets what it was asked so far. */
  | { readonly kind: 'forget'; readonly server: Recipient }
  | { readonly kind: 'stop'; readonly server: Recipient }
  | { readonly kind: 'start'; readonly server: Recipient };

export interface Step {
  readonly title: string;
  /** One sentence; may depend on what truly came back. */
  readonly shows: string | ((answer: Answer) => string);
  readonly before?: readonly Deed[];
  /** May use the answers of the steps before it in the same part, by their titles. */
  readonly sends: Sent | ((earlier: ReadonlyMap<string, Answer>) => Sent);
  /** What of a long answer is shown in a terminal: values of the JSON, by path; or the lines that match. Default: its beginning and its end. */
  readonly focus?: readonly string[] | RegExp;
  /** Send again and again until all checks hold: at most so often, with a pause between. Default: once. */
  readonly until?: { readonly timesMax: number; readonly pauseMs: number };
  readonly checks: readonly Check[];
  /** The line of the gateway's log with the correlation id of the answer is shown, and must be there. */
  readonly showsLog?: true;
}

export interface Part {
  /** For `--only`. */
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly steps: readonly Step[];
}

export function status(...wanted: readonly number[]): Check {
  return { says: `status ${wanted.join(' or ')}`, holds: (answer) => wanted.includes(answer.status) };
}

export function header(name: string, wanted: string | RegExp): Check {
  return {
    says: `header ${name}: ${String(wanted)}`,
    holds: ({ headers }) => {
      const given = headers[name];
      return given !== undefined && (typeof wanted === 'string' ? given === wanted : wanted.test(given));
    },
  };
}

/** A value of the JSON body: `error.code`, `choices.0.message`. A RegExp is held against a text, a function decides, anything else must be equal. */
export function value(path: string, wanted: string | number | boolean | null | RegExp | ((found: unknown) => boolean)): Check {
  return {
    says: typeof wanted === 'function' ? `${path} is as it must be` : `${path} is ${String(wanted)}`,
    holds: ({ json }) => {
      const found = at(json, path);
      if (typeof wanted === 'function') return wanted(found);
      return wanted instanceof RegExp ? typeof found === 'string' && wanted.test(found) : found === wanted;
    },
  };
}

export function has(...paths: readonly string[]): Check {
  return { says: `has ${paths.join(', ')}`, holds: ({ json }) => paths.every((path) => at(json, path) !== undefined) };
}

export function text(pattern: RegExp): Check {
  return { says: `the body matches ${String(pattern)}`, holds: ({ body }) => pattern.test(body) };
}

/** The value at a path; undefined where it leads nowhere. */
export function at(json: unknown, path: string): unknown {
  let found = json;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

/*
 * What the simulator is told to do to a request, as text. One syntax everywhere:
 *
 *   name[=value] , name[=value] , …            `;` separates as well as `,`
 *
 * It is given, from the general to the particular (a later one overrides an earlier one, field by field):
 *   1. at start (`--fault`) or at run time (`POST /__sim/fault`): all requests, or those under a path;
 *   2. header `x-simulate: status=429;retry-after=1`;
 *   3. query  `?simulate=status=503`;
 *   4. model  `sim-1!status=503,retry-after=2`: the name before `!` is the model's, and is what replies call themselves.
 * The model is the one that always arrives: a gateway passes it on whatever it does with headers.
 *
 * With `times=N`, a text counts for the first N requests that carry it and is then as if it were absent: a failure that heals.
 * The count is kept per text, so tests that must not meet add `key=anything`.
 *
 * `…-after=N` counts tokens sent. When N is beyond the answer's end, the fault comes after the last token and before the finish.
 * This file is pure; the counts live in fault-counter.ts.
 */
import { GatewayError } from '../base/errors.ts';

interface FlagRow {
  readonly kind: 'flag';
  readonly help: string;
}
interface NumberRow {
  readonly kind: 'number';
  readonly min: number;
  readonly max: number;
  /** Fractions allowed. */
  readonly fraction?: true;
  /** Value when the name stands alone; without it a value is required. */
  readonly bare?: number;
  readonly help: string;
}
interface WordRow {
  readonly kind: 'word';
  /** Allowed values; absent: any. */
  readonly words?: readonly string[];
  readonly help: string;
}
type FaultRow = FlagRow | NumberRow | WordRow;

const TOKENS_MAX = 10_000_000;
const DELAY_MS_MAX = 3_600_000;

export const FAULTS = {
  // Timing and size: no failure, but told in the same way.
  delayMs: { kind: 'number', min: 0, max: DELAY_MS_MAX, help: 'wait this long before anything else, failures included' },
  firstTokenMs: { kind: 'number', min: 0, max: DELAY_MS_MAX, help: 'time to the first token, of what is generated' },
  tokensPerSecond: { kind: 'number', min: 0, max: 1_000_000, fraction: true, help: 'pace after the first token; 0 = as fast as possible' },
  jitter: { kind: 'number', min: 0, max: 1, fraction: true, help: 'each wait varies by up to this part of itself' },
  tokens: { kind: 'number', min: 0, max: TOKENS_MAX, help: 'length of the answer' },
  seed: { kind: 'number', min: 0, max: 4_294_967_295, help: 'another seed than the server’s' },
  earlyHead: { kind: 'flag', help: 'send the head and the opening event at once, before the first token' },
  // Instead of an answer.
  status: { kind: 'number', min: 300, max: 599, help: 'fail with this status, and an error body in the shape of the API' },
  body: { kind: 'word', words: ['json', 'html', 'empty'], help: 'with status: what the error body is' },
  retryAfter: { kind: 'number', min: 0, max: 86_400, fraction: true, help: 'with status: Retry-After, in seconds' },
  retryAfterMs: { kind: 'number', min: 0, max: 86_400_000, help: 'with status: Retry-After-Ms' },
  contentPolicy: { kind: 'flag', help: 'refuse with 400 content_policy_violation' },
  contextLength: {
    kind: 'number',
    min: 0,
    max: TOKENS_MAX,
    bare: 0,
    help: 'refuse longer requests with 400 context_length_exceeded; alone: all',
  },
  noPrefill: { kind: 'flag', help: 'refuse a conversation that ends with the assistant’s own words (Anthropic)' },
  silence: { kind: 'flag', help: 'accept the request and never answer' },
  reset: { kind: 'flag', help: 'reset the connection before the head' },
  empty: { kind: 'flag', help: '200 and no body at all' },
  // Within an answer.
  refusal: { kind: 'flag', help: 'the model declines: a refusal message, status 200' },
  pauseTurn: { kind: 'flag', help: 'stop half-way with pause_turn, to be sent back and gone on with (Anthropic)' },
  finish: { kind: 'word', help: 'end with this finish reason, as the API writes it (Gemini, Bedrock, Cohere)' },
  cutAfter: { kind: 'number', min: 0, max: TOKENS_MAX, help: 'reset the connection after n tokens' },
  endAfter: { kind: 'number', min: 0, max: TOKENS_MAX, help: 'end the body cleanly after n tokens, without finish or terminal event' },
  stallAfter: { kind: 'number', min: 0, max: TOKENS_MAX, help: 'send nothing more after n tokens, and keep the connection' },
  malformedAfter: { kind: 'number', min: 0, max: TOKENS_MAX, help: 'one event of broken JSON after n tokens, then go on' },
  errorAfter: { kind: 'number', min: 0, max: TOKENS_MAX, help: 'an error event in band after n tokens, then end' },
  hugeEvent: { kind: 'number', min: 1, max: 1_073_741_824, help: 'an event with this many bytes of content after the first token' },
  noFinish: { kind: 'flag', help: 'leave the finish reason out' },
  noUsage: { kind: 'flag', help: 'leave usage out, though asked for' },
  noDone: { kind: 'flag', help: 'leave the terminal event out' },
  // For how long.
  times: { kind: 'number', min: 1, max: 1_000_000, help: 'only for the first n requests' },
  key: { kind: 'word', help: 'keeps counts of `times` apart' },
} as const satisfies Record<string, FaultRow>;

type FaultName = keyof typeof FAULTS;
type FaultValue<Row> = Row extends { kind: 'flag' }
  ? true
  : Row extends { kind: 'number' }
    ? number
    : Row extends { words: readonly (infer Word)[] }
      ? Word
      : string;

/** What to do to one request. An absent field means: nothing of the sort. */
export type Faults = { readonly [Name in FaultName]?: FaultValue<(typeof FAULTS)[Name]> };

/** `cutAfter` is written `cut-after`. */
function textName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const BY_TEXT: ReadonlyMap<string, [FaultName, FaultRow]> = new Map(
  (Object.entries(FAULTS) as [FaultName, FaultRow][]).map(([name, row]) => [textName(name), [name, row]]),
);

/** One line for each fault, for `--help`. */
export function faultHelp(): string {
  return [...BY_TEXT].map(([name, [, row]]) => `  ${(row.kind === 'flag' ? name : `${name}=…`).padEnd(22)}${row.help}`).join('\n');
}

/** Reads a fault text. Throws `request_invalid` with what was expected: a fault that a test asked for is never silently left out. */
export function parseFaults(text: string): Faults {
  const faults: Record<string, number | string | true> = {};
  for (const part of text.split(/[,;]/)) {
    const trimmed = part.trim();
    if (trimmed === '') continue;
    const equals = trimmed.indexOf('=');
    const name = (equals === -1 ? trimmed : trimmed.slice(0, equals)).trim();
    const entry = BY_TEXT.get(name);
    if (entry === undefined) throw new GatewayError('request_invalid', `unknown fault '${name}'; known: ${[...BY_TEXT.keys()].join(', ')}`);
    faults[entry[0]] = parseValue(name, entry[1], equals === -1 ? undefined : trimmed.slice(equals + 1).trim());
  }
  return faults;
}

function parseValue(name: string, row: FaultRow, value: string | undefined): number | string | true {
  switch (row.kind) {
    case 'flag':
      if (value !== undefined) throw new GatewayError('request_invalid', `fault '${name}' takes no value`);
      return true;
    case 'word':
      if (value === undefined || value === '') throw new GatewayError('request_invalid', `fault '${name}' needs a value`);
      if (row.words !== undefined && !row.words.includes(value)) {
        throw new GatewayError('request_invalid', `fault '${name}' is one of ${row.words.join(', ')}, not '${value}'`);
      }
      return value;
    case 'number': {
      if (value === undefined && row.bare !== undefined) return row.bare;
      const number = value === undefined || value === '' ? Number.NaN : Number(value);
      const whole = row.fraction === true || Number.isInteger(number);
      if (!whole || !(number >= row.min && number <= row.max)) {
        const what = row.fraction === true ? 'a number' : 'a whole number';
        throw new GatewayError('request_invalid', `fault '${name}' needs ${what} from ${row.min} to ${row.max}, not '${value ?? ''}'`);
      }
      return number;
    }
  }
}

export interface ModelName {
  readonly name: string;
  /** Text after `!`; empty when there is none. */
  readonly faults: string;
}

export function splitModel(model: string): ModelName {
  const mark = model.indexOf('!');
  return mark === -1 ? { name: model, faults: '' } : { name: model.slice(0, mark), faults: model.slice(mark + 1) };
}

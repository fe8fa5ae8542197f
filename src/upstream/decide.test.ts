import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../base/errors.ts';
import { decide, type RetryDecision, type Situation } from './decide.ts';

const config = { attempts_max: 2, base_delay: 100, delay_max: 5_000, budget_percent: 10, budget_per_second: 3 };

const told = (retryAfterMs: number) => ({ options: { retryAfterMs } });
type Row = Partial<Omit<Situation, 'error'>> & {
  readonly name: string;
  readonly code: GatewayError['code'];
  readonly options?: { readonly retryAfterMs: number };
  readonly want: string;
};

function show(decision: RetryDecision): string {
  if (decision.kind !== 'again') return decision.kind;
  return `${decision.elsewhere ? 'elsewhere' : 'here'} in ${decision.delayMs}${decision.paid ? '' : ' for free'}`;
}

function run(rows: readonly Row[]): void {
  for (const { name, code, options, want, ...given } of rows) {
    test(name, () => {
      const situation: Situation = {
        error: new GatewayError(code, '', options),
        status: undefined,
        notExecuted: false,
        attempt: 1,
        otherEndpoint: false,
        moreCandidates: true,
        replayable: true,
        resendable: true,
        affordable: true,
        retryContentPolicy: false,
        leftMs: 10_000,
        random: 0.5,
        ...given,
      };
      expect(show(decide(situation, config))).toBe(want);
    });
  }
}

describe('the same target is asked again', () => {
  run([
    { name: 'after a 500, with a random wait', code: 'upstream_error', status: 500, want: 'here in 50' },
    { name: 'after a first reset, at once', code: 'upstream_unreachable', want: 'here in 0' },
    { name: 'after a cut body', code: 'upstream_stream_interrupted', status: 200, want: 'here in 50' },
    { name: 'after an invalid reply', code: 'upstream_reply_invalid', status: 200, want: 'here in 50' },
    { name: 'after a 429 that says when', code: 'upstream_rate_limited', status: 429, ...told(700), want: 'here in 700' },
    { name: 'after a 503 that says when', code: 'upstream_error', status: 503, ...told(20), want: 'here in 20' },
    { name: 'after a 503, when there is no other', code: 'upstream_error', status: 503, moreCandidates: false, want: 'here in 50' },
    { name: 'after a 429, when there is no other', code: 'upstream_rate_limited', status: 429, moreCandidates: false, want: 'here in 50' },
    {
      name: 'after a refused connection, when there is no other',
      code: 'upstream_unreachable',
      notExecuted: true,
      moreCandidates: false,
      want: 'here in 50',
    },
  ]);
});

describe('another address of the target is asked', () => {
  const otherEndpoint = true;
  run([
    { name: 'after a 503', code: 'upstream_error', status: 503, otherEndpoint, want: 'elsewhere in 0' },
    {
      name: 'after a 429, whatever it says',
      code: 'upstream_rate_limited',
      status: 429,
      ...told(60_000),
      otherEndpoint,
      want: 'elsewhere in 0',
    },
    { name: 'after silence', code: 'upstream_timeout', otherEndpoint, want: 'elsewhere in 0' },
    {
      name: 'after a refused connection, beyond attempts and budget, for nothing was executed',
      code: 'upstream_unreachable',
      notExecuted: true,
      otherEndpoint,
      attempt: 9,
      affordable: false,
      replayable: false,
      want: 'elsewhere in 0 for free',
    },
  ]);
});

describe('the next target is asked', () => {
  run([
    { name: 'after a 503', code: 'upstream_error', status: 503, want: 'next' },
    { name: 'after silence', code: 'upstream_timeout', want: 'next' },
    { name: 'after a 429 without a word', code: 'upstream_rate_limited', status: 429, want: 'next' },
    { name: 'after a 429 that asks for longer than we wait', code: 'upstream_rate_limited', status: 429, ...told(5_001), want: 'next' },
    {
      name: 'after a 429 that asks for longer than is left',
      code: 'upstream_rate_limited',
      status: 429,
      ...told(400),
      leftMs: 400,
      want: 'next',
    },
    { name: 'after a refused connection', code: 'upstream_unreachable', notExecuted: true, want: 'next' },
    { name: 'after a refused credential', code: 'upstream_credentials', status: 401, otherEndpoint: true, want: 'next' },
    { name: 'after a context that is too long', code: 'context_length_exceeded', status: 400, otherEndpoint: true, want: 'next' },
    { name: 'after a second 500', code: 'upstream_error', status: 500, attempt: 2, want: 'next' },
    { name: 'without a budget', code: 'upstream_error', status: 500, affordable: false, want: 'next' },
    { name: 'after an open breaker', code: 'breaker_open', want: 'next' },
    {
      name: 'after a content refusal, where that is wanted',
      code: 'content_policy_violation',
      status: 400,
      retryContentPolicy: true,
      want: 'next',
    },
  ]);
});

describe('it is over', () => {
  run([
    { name: "for a caller's own fault", code: 'request_invalid', status: 400, want: 'stop' },
    { name: 'for a content refusal', code: 'content_policy_violation', status: 400, want: 'stop' },
    { name: 'when the caller left', code: 'client_closed', want: 'stop' },
    { name: 'when time is up', code: 'upstream_error', status: 500, leftMs: 9, want: 'stop' },
    { name: 'when the streamed body is spent', code: 'upstream_error', status: 503, resendable: false, want: 'stop' },
    { name: 'when it must not run twice and may have run', code: 'upstream_error', status: 500, replayable: false, want: 'stop' },
    {
      name: 'when it must not run twice and a 503 does not say that it did not',
      code: 'upstream_error',
      status: 503,
      replayable: false,
      want: 'stop',
    },
    { name: 'when there is no other target', code: 'upstream_timeout', moreCandidates: false, want: 'stop' },
    {
      name: 'after an absurd Retry-After and no other target',
      code: 'upstream_rate_limited',
      status: 429,
      ...told(3.6e6),
      moreCandidates: false,
      want: 'stop',
    },
  ]);
});

describe('what must not run twice goes on', () => {
  run([
    { name: 'after a refused connection', code: 'upstream_unreachable', notExecuted: true, replayable: false, want: 'next' },
    { name: 'after a 429', code: 'upstream_rate_limited', status: 429, replayable: false, want: 'next' },
    { name: 'after a 503 that asks to come back', code: 'upstream_error', status: 503, ...told(6_000), replayable: false, want: 'next' },
  ]);
});

/*
 * The fault table: what an upstream may do, and what the caller then sees, by whether the answer is streamed and whether there is a fallback.
 * It follows CONTRACTS.md §2, less the continuation of a stream after its first token. The deadlines are those of fault-table.test.ts.
 */

/** What the caller sees, and how often the first target was asked for it. */
export type View =
  /** A whole answer, or a stream with its terminal event. */
  | { readonly kind: 'answer'; readonly by: 'first' | 'second'; readonly asked: number }
  /** An error reply of ours, after everything was tried. */
  | { readonly kind: 'error'; readonly status: number; readonly code: string; readonly asked: number; readonly retryAfter?: string }
  /** The error reply of the upstream, byte for byte: the caller's own fault. */
  | { readonly kind: 'refusal'; readonly status: number; readonly asked: number }
  /** Three tokens of the first target, and then an error event instead of an end. */
  | { readonly kind: 'cut'; readonly asked: number };

export interface FaultRow {
  /** In the words of the simulator, or `dead`: nobody listens. */
  readonly fault: string;
  /** Where whole and streamed are not the same, `undefined` leaves one out. */
  readonly whole: Cell | undefined;
  readonly streamed: Cell | undefined;
  /** The simulator was left, and saw it, instead of having finished. */
  readonly abandoned?: true;
}

export interface Cell {
  /** There is one target alone. */
  readonly alone: View;
  /** There is another one to fall back to. */
  readonly backed: View;
}

const answer = (asked: number): View => ({ kind: 'answer', by: 'first', asked });
/** The first target was asked so often in vain. */
const fallback = (asked: number): View => ({ kind: 'answer', by: 'second', asked });
const error = (status: number, code: string, asked: number): View => ({ kind: 'error', status, code, asked });
const refusal = (status: number): View => ({ kind: 'refusal', status, asked: 1 });

const both = (alone: View, backed: View): Pick<FaultRow, 'whole' | 'streamed'> => ({
  whole: { alone, backed },
  streamed: { alone, backed },
});
const whole = (alone: View, backed: View): Pick<FaultRow, 'whole' | 'streamed'> => ({ whole: { alone, backed }, streamed: undefined });
const streamed = (alone: View, backed: View): Pick<FaultRow, 'whole' | 'streamed'> => ({ whole: undefined, streamed: { alone, backed } });

const ANSWERED = { alone: answer(1), backed: answer(1) };
const CUT = streamed({ kind: 'cut', asked: 1 }, { kind: 'cut', asked: 1 });
const REFUSED = (status: number) => both(refusal(status), refusal(status));

/** Slower than one token per socket read, so that the first ones are with the caller when the fault happens. */
const PACED = 'tokens=8,tokens-per-second=40';

export const FAULT_ROWS: readonly FaultRow[] = [
  { fault: 'tokens=8', ...both(answer(1), answer(1)) },

  // It says that it is busy.
  { fault: 'status=429', ...both(error(429, 'rate_limit_exceeded', 2), fallback(1)) },
  {
    fault: 'status=429,retry-after-ms=200',
    ...both({ kind: 'error', status: 429, code: 'rate_limit_exceeded', asked: 2, retryAfter: '1' }, fallback(2)),
  },
  { fault: 'status=429,retry-after-ms=200,times=1', ...both(answer(2), answer(2)) },
  {
    fault: 'status=429,retry-after=30',
    ...both({ kind: 'error', status: 429, code: 'rate_limit_exceeded', asked: 1, retryAfter: '30' }, fallback(1)),
  },
  { fault: 'status=503', ...both(error(503, 'upstream_error', 2), fallback(1)) },
  { fault: 'status=503,times=1', ...both(answer(2), fallback(1)) },
  {
    fault: 'status=503,retry-after=30',
    ...both({ kind: 'error', status: 503, code: 'upstream_error', asked: 1, retryAfter: '30' }, fallback(1)),
  },
  { fault: 'status=529', ...both(error(503, 'upstream_error', 2), fallback(1)) },

  // It fails.
  { fault: 'status=500', ...both(error(500, 'upstream_error', 2), fallback(2)) },
  { fault: 'status=500,times=1', ...both(answer(2), answer(2)) },
  { fault: 'status=502', ...both(error(502, 'upstream_error', 2), fallback(2)) },
  { fault: 'status=502,body=html', ...both(error(502, 'upstream_error', 2), fallback(2)) },
  { fault: 'status=500,body=empty', ...both(error(500, 'upstream_error', 2), fallback(2)) },
  { fault: 'status=504', ...both(error(504, 'upstream_timeout', 1), fallback(1)) },
  { fault: 'status=408', ...both(error(504, 'upstream_timeout', 1), fallback(1)) },
  { fault: 'status=302', ...both(error(502, 'upstream_reply_invalid', 2), fallback(2)) },
  { fault: 'dead', ...both(error(502, 'upstream_unreachable', 2), fallback(1)) },
  { fault: 'reset', ...both(error(502, 'upstream_unreachable', 2), fallback(2)) },
  { fault: 'reset,times=1', ...both(answer(2), answer(2)) },
  { fault: 'empty', ...both(error(502, 'upstream_reply_invalid', 2), fallback(2)) },

  // It does not like the request, or us.
  { fault: 'status=401', ...both(error(502, 'upstream_credentials', 1), fallback(1)) },
  { fault: 'status=403', ...both(error(502, 'upstream_credentials', 1), fallback(1)) },
  { fault: 'status=400', ...REFUSED(400) },
  { fault: 'status=409', ...REFUSED(409) },
  { fault: 'status=413', ...REFUSED(413) },
  { fault: 'status=422', ...REFUSED(422) },
  { fault: 'content-policy', ...REFUSED(400) },
  { fault: 'context-length', ...both(refusal(400), fallback(1)) },
  { fault: 'status=404', ...both(refusal(404), fallback(1)) },

  // It says nothing, or too late.
  { fault: 'silence', ...both(error(504, 'upstream_timeout', 1), fallback(1)), abandoned: true },
  { fault: 'first-token-ms=1500', ...streamed(error(504, 'upstream_timeout', 1), fallback(1)), abandoned: true },
  { fault: 'early-head,first-token-ms=1500', ...streamed(error(504, 'upstream_timeout', 1), fallback(1)), abandoned: true },
  { fault: 'tokens=8,first-token-ms=1500', ...whole(answer(1), answer(1)) },
  { fault: 'first-token-ms=60000', ...whole(error(504, 'upstream_timeout', 1), fallback(1)), abandoned: true },

  // A stream breaks before its first token: nobody has seen anything of it, so it is as if it had not begun.
  { fault: 'cut-after=0', ...streamed(error(502, 'upstream_stream_interrupted', 2), fallback(2)) },
  { fault: 'cut-after=0,times=1', ...streamed(answer(2), answer(2)) },
  { fault: 'end-after=0', ...streamed(error(502, 'upstream_reply_invalid', 2), fallback(2)) },
  { fault: 'stall-after=0', ...streamed(error(504, 'upstream_timeout', 1), fallback(1)), abandoned: true },
  { fault: 'malformed-after=0', ...streamed(error(502, 'upstream_error', 2), fallback(2)) },
  { fault: 'error-after=0', ...streamed(error(502, 'upstream_error', 2), fallback(2)) },

  // It breaks after the first token.
  { fault: `${PACED},cut-after=3`, ...CUT },
  { fault: `${PACED},end-after=3`, ...CUT },
  { fault: `${PACED},stall-after=3`, ...CUT, abandoned: true },
  { fault: `${PACED},malformed-after=3`, ...CUT, abandoned: true },
  { fault: `${PACED},error-after=3`, ...CUT },
  { fault: 'tokens=3,no-finish,no-done', ...CUT },

  // A whole answer breaks off, or is none.
  { fault: 'cut-after=3', ...whole(error(502, 'upstream_stream_interrupted', 2), fallback(2)) },
  { fault: 'cut-after=3,times=1', ...whole(answer(2), answer(2)) },
  { fault: 'end-after=3', ...whole(error(502, 'upstream_reply_invalid', 2), fallback(2)) },
  { fault: 'stall-after=3', ...whole(error(504, 'upstream_timeout', 1), fallback(1)), abandoned: true },
  { fault: 'malformed-after=3', ...whole(error(502, 'upstream_reply_invalid', 2), fallback(2)) },
  { fault: 'error-after=3', ...whole(error(502, 'upstream_error', 2), fallback(2)) },

  // Odd, but no failure.
  { fault: 'refusal', whole: ANSWERED, streamed: ANSWERED },
  { fault: 'no-usage', whole: ANSWERED, streamed: ANSWERED },
  { fault: 'no-finish', whole: ANSWERED, streamed: ANSWERED },
  { fault: 'no-done', whole: ANSWERED, streamed: ANSWERED },
  { fault: 'no-done,no-usage', whole: ANSWERED, streamed: ANSWERED },
  { fault: 'huge-event=1000000', whole: ANSWERED, streamed: ANSWERED },
];

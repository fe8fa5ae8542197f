/*
 * What the simulator saw, for tests to ask: the last requests, how far each came, and whether the client left. Bounded twice:
 * by the number of requests and by the bytes of body kept of each.
 */
import type { Clock } from '../base/clock.ts';

/**
 * `open`: still at work. `complete`: answered as meant, failures by status included. `client_gone`: the client left first.
 * `cut`: we reset the connection, as told.
 */
export type VisitOutcome = 'open' | 'complete' | 'client_gone' | 'cut';

export interface RequestRecord {
  readonly id: number;
  readonly method: string;
  readonly path: string;
  /** With the leading `?`, or empty. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The first `BODY_CHARS_MAX` characters, once read; bodies that are streamed are not kept. */
  body: string;
  /** Unix time in milliseconds. */
  readonly receivedAtMs: number;
  /** Status of the reply; 0 as long as there is none. */
  status: number;
  /** Stream events that carried a token, or tokens of a whole answer. */
  tokensSent: number;
  outcome: VisitOutcome;
  /** Milliseconds from the request's arrival to the end, with a fraction; null while open. */
  endedAfterMs: number | null;
  /** When the client was seen to leave; null if it did not. */
  abortedAfterMs: number | null;
}

export interface SimulatorStats {
  readonly requests: number;
  readonly open: number;
  readonly openMax: number;
  readonly complete: number;
  readonly clientsGone: number;
  readonly cut: number;
  readonly tokensSent: number;
}

const BODY_CHARS_MAX = 65_536;

/** One request's line in the recorder. Ending is idempotent: the first outcome stays. */
export interface RecordedVisit {
  readBody(text: string): void;
  answer(status: number): void;
  sent(tokens: number): void;
  end(outcome: Exclude<VisitOutcome, 'open'>): void;
}

/** For `--no-control`: benches pay for nothing. */
export const UNRECORDED: RecordedVisit = { readBody() {}, answer() {}, sent() {}, end() {} };

export class Recorder {
  readonly #clock: Clock;
  readonly #recordsMax: number;
  #records: RequestRecord[] = [];
  #nextId = 1;
  #open = 0;
  #openMax = 0;
  #totals = { requests: 0, complete: 0, clientsGone: 0, cut: 0, tokensSent: 0 };

  constructor(config: { readonly recordsMax: number }, deps: { readonly clock: Clock }) {
    this.#recordsMax = config.recordsMax;
    this.#clock = deps.clock;
  }

  begin(request: Request, path: string, query: string): RecordedVisit {
    const startedMs = this.#clock.monotonic();
    const record: RequestRecord = {
      id: this.#nextId++,
      method: request.method,
      path,
      query,
      headers: Object.fromEntries(request.headers),
      body: '',
      receivedAtMs: this.#clock.now(),
      status: 0,
      tokensSent: 0,
      outcome: 'open',
      endedAfterMs: null,
      abortedAfterMs: null,
    };
    // Half as many again may pile up before the oldest go: dropping one from the front for each request would cost a copy each.
    if (this.#records.length >= this.#recordsMax * 1.5) this.#records = this.#records.slice(-this.#recordsMax + 1);
    this.#records.push(record);
    this.#totals.requests += 1;
    this.#open += 1;
    this.#openMax = Math.max(this.#openMax, this.#open);
    return this.#visit(record, startedMs);
  }

  /** The last requests, oldest first. */
  list(): readonly RequestRecord[] {
    return this.#records.slice(-this.#recordsMax);
  }

  stats(): SimulatorStats {
    return { ...this.#totals, open: this.#open, openMax: this.#openMax };
  }

  /** Forgets what was; requests still open stay counted as open. */
  reset(): void {
    this.#records = [];
    this.#openMax = this.#open;
    this.#totals = { requests: 0, complete: 0, clientsGone: 0, cut: 0, tokensSent: 0 };
  }

  #visit(record: RequestRecord, startedMs: number): RecordedVisit {
    return {
      readBody: (text) => {
        record.body = text.slice(0, BODY_CHARS_MAX);
      },
      answer: (status) => {
        record.status = status;
      },
      sent: (tokens) => {
        record.tokensSent += tokens;
        this.#totals.tokensSent += tokens;
      },
      end: (outcome) => {
        if (record.outcome !== 'open') return;
        record.outcome = outcome;
        record.endedAfterMs = this.#clock.monotonic() - startedMs;
        this.#open -= 1;
        if (outcome === 'complete') this.#totals.complete += 1;
        else if (outcome === 'cut') this.#totals.cut += 1;
        else {
          record.abortedAfterMs = record.endedAfterMs;
          this.#totals.clientsGone += 1;
        }
      },
    };
  }
}

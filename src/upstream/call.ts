/*
 * The loop: candidate after candidate, attempt after attempt, until one answers, nothing is left to try, or time is up. What to do after a
 * failure is decided in decide.ts; here it is done.
 */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { AttemptRecord } from '../pipeline/facts.ts';
import { Attempt, type AttemptFailure, type AttemptReply } from './attempt.ts';
import { type Bench, createBench } from './bench.ts';
import { UpstreamCallError } from './call-error.ts';
import type { FindSigner } from './credentials/signer.ts';
import { decide, type RetryDecision } from './decide.ts';
import type { Endpoint } from './endpoint.ts';
import type { EndpointGroup, Slot } from './endpoint-group.ts';
import type { EndpointRegistry } from './registry.ts';
import type { CallOptions, Candidate, TransportRequest, Upstream, UpstreamReply } from './upstream.ts';
import type { UpstreamEvents } from './upstream-events.ts';

export interface UpstreamDeps {
  readonly registry: Pick<EndpointRegistry, 'group'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: UpstreamEvents;
  readonly signers: FindSigner;
}

/** One for each configuration: its bench is forgotten with it, since new credentials deserve a new try. */
export function createUpstream(deps: UpstreamDeps): Upstream {
  const bench = createBench();
  return { call: (options) => new Call(options, deps, bench).run() };
}

const NONE: readonly Endpoint[] = [];

class Call {
  readonly #options: CallOptions;
  readonly #deps: UpstreamDeps;
  readonly #bench: Bench;
  readonly #deadlineMs: number;
  readonly #attempts: AttemptRecord[] = [];
  /** Of the monotonic clock, as it was when something last ended: reading it anew for each question costs more than they do. */
  #nowMs: number;
  /** Of the last attempt that means something: one that was made, rather than one that was refused by our own breaker. */
  #last: AttemptFailure | undefined;
  /** Why no attempt could be made, where that is all there is to say. */
  #refusal: GatewayError | undefined;
  /** The caller's own fault, told by an upstream, when the others had nothing better to say. */
  #clientFault: { readonly failure: AttemptFailure; readonly candidate: Candidate } | undefined;
  #retryAfterMs: number | undefined;

  constructor(options: CallOptions, deps: UpstreamDeps, bench: Bench) {
    this.#options = options;
    this.#deps = deps;
    this.#bench = bench;
    this.#nowMs = deps.clock.monotonic();
    this.#deadlineMs = this.#nowMs + options.totalTimeoutMs;
  }

  async run(): Promise<UpstreamReply> {
    const candidates = this.#bench.order(this.#options.candidates, this.#nowMs);
    for (let index = 0; ; index += 1) {
      const candidate = candidates[index];
      if (candidate === undefined) break;
      const next = candidates[index + 1];
      const outcome = await this.#try(candidate, next !== undefined);
      if (outcome !== 'next' && outcome !== 'stop') return outcome;
      if (outcome === 'stop' || next === undefined) break;
      this.#deps.events.onFallback(candidate.name, next.name, this.#reason());
    }
    return this.#conclude();
  }

  /** All attempts at one candidate. */
  async #try(candidate: Candidate, moreCandidates: boolean): Promise<UpstreamReply | 'next' | 'stop'> {
    const group = this.#deps.registry.group(candidate.group);
    if (group === undefined) throw new Error(`candidate '${candidate.name}' names the unknown group '${candidate.group}'`);
    group.budget.deposit(this.#nowMs);
    let tried: Endpoint[] | undefined;
    for (let attempt = 1; ; attempt += 1) {
      const slot = group.acquire(tried ?? NONE, this.#options.replayable);
      if (slot instanceof GatewayError) {
        this.#refuse(candidate, slot);
        return moreCandidates ? 'next' : 'stop';
      }
      const prepared = this.#prepare(candidate, slot);
      const request = prepared instanceof Promise ? await prepared : prepared;
      if (request instanceof GatewayError) {
        // What the caller did wrong is no attempt at anything.
        if (request.row.source === 'client') this.#refusal ??= request;
        else this.#refuse(candidate, request);
        return moreCandidates ? 'next' : 'stop';
      }
      const begun = new Attempt(this.#nowMs, { slot, signal: this.#options.signal, clock: this.#deps.clock });
      const result = await begun.run({ request, candidate }, this.#timeoutMs(candidate, moreCandidates));
      this.#end(candidate, slot, { begun, result });
      if (result.kind === 'reply') return this.#answer(candidate, result);

      this.#note(candidate, result);
      tried ??= [];
      tried.push(slot.endpoint);
      const decision = this.#decide({ failure: result, attempt, group, tried, moreCandidates });
      if (decision.kind !== 'again') return decision.kind;
      if (decision.paid) group.budget.withdraw(this.#nowMs);
      this.#deps.events.onRetry(group.name, result.error.code);
      if (!decision.elsewhere) tried = undefined;
      if (decision.delayMs > 0 && !(await this.#wait(decision.delayMs))) return 'stop';
    }
  }

  /** A promise only where it must be signed: an await costs a turn of the loop. An error is that of a credential that could not be had, or of a request that can't be put so. */
  #prepare(candidate: Candidate, slot: Slot): TransportRequest | GatewayError | Promise<TransportRequest | GatewayError> {
    const release = () => slot.endpoint.release(slot.grant, 'cancelled', { latencyMs: 0, nowMs: this.#nowMs });
    let request: TransportRequest | GatewayError;
    try {
      request = candidate.prepare(slot.endpoint.connector.baseUrl);
    } catch (error) {
      release();
      throw error;
    }
    if (request instanceof GatewayError) {
      release();
      return request;
    }
    const signer = candidate.provider === undefined ? undefined : this.#deps.signers(candidate.provider);
    return signer === undefined
      ? request
      : signer.sign(request).catch((error: unknown) => {
          release();
          if (error instanceof GatewayError) return error;
          throw error;
        });
  }

  #timeoutMs({ expect }: Candidate, moreCandidates: boolean): number {
    const leftMs = Math.max(0, this.#deadlineMs - this.#nowMs);
    if (expect.kind !== 'whole') return Math.min(leftMs, this.#options.firstTokenTimeoutMs);
    // Nothing tells one that works from one that is silent until the reply is there: what is left is shared with those to come.
    return moreCandidates ? leftMs / 2 : leftMs;
  }

  #end(candidate: Candidate, { endpoint }: Slot, { begun, result }: Ended): void {
    const startedMs = this.#nowMs;
    this.#nowMs = begun.endedMs;
    const outcome = result.kind === 'reply' ? 'ok' : result.error.code;
    const record = {
      target: candidate.name,
      endpoint: endpoint.connector.label,
      outcome,
      startedMs,
      durationMs: begun.endedMs - startedMs,
    };
    this.#record(candidate.group, result.status === undefined ? record : { ...record, status: result.status });
  }

  #record(group: string, record: AttemptRecord): void {
    this.#attempts.push(record);
    this.#deps.events.onAttempt(group, record);
  }

  /** Keeps what the end may have to tell, and benches a target that said so. */
  #note(candidate: Candidate, failure: AttemptFailure): void {
    const { error } = failure;
    const { retryAfterMs } = error.options;
    this.#last = failure;
    if (retryAfterMs !== undefined) this.#retryAfterMs = Math.min(retryAfterMs, this.#retryAfterMs ?? Number.POSITIVE_INFINITY);
    if (error.row.source === 'client' && failure.reply !== undefined) this.#clientFault ??= { failure, candidate };

    const settings = this.#deps.registry.group(candidate.group)?.settings;
    if (settings === undefined) return;
    const nowMs = this.#nowMs;
    if (error.code === 'upstream_credentials') this.#bench.put(candidate.name, nowMs + settings.credentials_bench);
    // A service's 429 may be about this one caller, a model target's is about our credential.
    else if (error.code === 'upstream_rate_limited' && retryAfterMs !== undefined && candidate.expect.kind !== 'pass') {
      this.#bench.put(candidate.name, nowMs + Math.min(retryAfterMs, settings.rate_limit_bench));
    }
  }

  #decide(facts: Facts): RetryDecision {
    const { failure, group, tried } = facts;
    // Whatever the reason is called: the caller is gone, or told to go.
    if (this.#options.signal.aborted) return { kind: 'stop' };
    return decide(
      {
        error: failure.error,
        status: failure.status,
        notExecuted: failure.notExecuted,
        attempt: facts.attempt,
        otherEndpoint: group.hasOther(tried),
        moreCandidates: facts.moreCandidates,
        replayable: this.#options.replayable,
        resendable: !failure.spent,
        affordable: group.budget.affords(this.#nowMs),
        retryContentPolicy: this.#options.retryContentPolicy ?? false,
        leftMs: this.#deadlineMs - this.#nowMs,
        random: this.#deps.random(),
      },
      group.settings.retries,
    );
  }

  /** False when the caller left meanwhile. */
  async #wait(delayMs: number): Promise<boolean> {
    const { signal } = this.#options;
    try {
      await this.#deps.clock.sleep(delayMs, signal);
      this.#nowMs = this.#deps.clock.monotonic();
      return true;
    } catch (error) {
      if (!signal.aborted) throw error;
      const reason: unknown = signal.reason;
      const closed =
        reason instanceof GatewayError ? reason : new GatewayError('client_closed', 'The caller closed the connection.', { cause: reason });
      this.#last = { kind: 'failure', error: closed, status: undefined, reply: undefined, notExecuted: true, spent: false };
      return false;
    }
  }

  #refuse(candidate: Candidate, error: GatewayError): void {
    const { retryAfterMs } = error.options;
    if (retryAfterMs !== undefined) this.#retryAfterMs = Math.min(retryAfterMs, this.#retryAfterMs ?? Number.POSITIVE_INFINITY);
    this.#refusal ??= error;
    this.#record(candidate.group, { target: candidate.name, endpoint: '', outcome: error.code, durationMs: 0 });
  }

  #answer(candidate: Candidate, { status, headers, body, start }: AttemptReply): UpstreamReply {
    const attempts = this.#attempts;
    return start === undefined ? { status, headers, body, candidate, attempts } : { status, headers, body, candidate, start, attempts };
  }

  /** Nothing answered: shows the caller's own fault as the upstream told it, or throws what is known. */
  #conclude(): UpstreamReply {
    const last = this.#last;
    const isOver = last !== undefined && (last.error.row.source === 'gateway' || last.error.code === 'client_closed');
    const fault = isOver ? undefined : this.#clientFault;
    if (fault !== undefined && fault.failure.reply !== undefined) {
      const { status, headers, bytes } = fault.failure.reply;
      const { error } = fault.failure;
      return { status, headers, body: { kind: 'whole', bytes }, candidate: fault.candidate, refusal: error, attempts: this.#attempts };
    }
    if (last === undefined && this.#refusal?.row.source === 'client') throw this.#refusal;
    const error = last?.error ?? this.#refusal ?? new GatewayError('internal_error', 'There was no candidate to ask.');
    throw new UpstreamCallError(error, { attempts: this.#attempts, reply: last?.reply, retryAfterMs: this.#retryAfterMs });
  }

  #reason(): string {
    return this.#attempts.at(-1)?.outcome ?? '';
  }
}

interface Ended {
  readonly begun: Attempt;
  readonly result: AttemptReply | AttemptFailure;
}

interface Facts {
  readonly failure: AttemptFailure;
  readonly attempt: number;
  readonly group: EndpointGroup;
  readonly tried: readonly Endpoint[];
  readonly moreCandidates: boolean;
}

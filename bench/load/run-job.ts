/*
 * The three ways of offering load: closed loop, constant rate, streams. Each opens its connections, runs for the job's time, lets what
 * is under way finish, and reports. All state lives in a Tally, which belongs to one job.
 */
import { writeFileSync } from 'node:fs';
import { Histogram } from '../measure/histogram.ts';
import { zipf } from '../measure/zipf.ts';
import { type ConnectionEvents, type Expectation, LoadConnection } from './connection.ts';
import type { ClosedJob, Job, JobResult, OpenJob, StreamsJob } from './jobs.ts';

/** What is under way when the time is up may take this much longer; then it counts as lost. */
const DRAIN_MS_MAX = 60_000;
const ERROR_SAMPLES_MAX = 5;

/** How long the constant-rate loop sleeps when nothing is due: a thirtieth of what it is to measure. */
const PAUSE_MS = 0.02;

class Tally {
  completed = 0;
  errors = 0;
  readonly latency = new Histogram();
  private readonly samples = new Set<string>();
  private readonly startedMs = performance.now();

  count(fault: string | undefined): void {
    if (fault === undefined) {
      this.completed += 1;
      return;
    }
    this.errors += 1;
    if (this.samples.size < ERROR_SAMPLES_MAX) this.samples.add(fault);
  }

  result(eventsPerReply: number): JobResult {
    return {
      completed: this.completed,
      events: this.completed * eventsPerReply,
      errors: this.errors,
      errorSamples: [...this.samples],
      wallMs: performance.now() - this.startedMs,
      latency: this.latency.quantiles(),
    };
  }
}

/** Runs one job to its end. `opened` is called once, when each stream of a streams job has had its first event. */
export async function runJob(job: Job, opened: () => void): Promise<JobResult> {
  switch (job.kind) {
    case 'closed':
      return await runClosed(job);
    case 'open':
      return await runOpen(job);
    case 'streams':
      return await runStreams(job, opened);
  }
}

async function runClosed(job: ClosedJob): Promise<JobResult> {
  const expectation = { bodyBytes: job.bodyBytes, events: 0, anyStatus: job.anyStatus ?? false };
  const connections: LoadConnection[] = [];
  const finished = new Array<Promise<void>>();
  const tally = new Tally();
  const endMs = performance.now() + job.durationMs;
  for (let index = 0; index < job.connections; index += 1) {
    const { promise, resolve } = Promise.withResolvers<void>();
    let startedMs = 0;
    const connection = connect(job, expectation, {
      firstByte: () => undefined,
      reply(fault) {
        const nowMs = performance.now();
        tally.latency.record((nowMs - startedMs) * 1_000);
        tally.count(fault);
        startedMs = nowMs;
        if (nowMs < endMs) connection.send();
        else resolve();
      },
    });
    await connection.open();
    connections.push(connection);
    finished.push(promise);
    startedMs = performance.now();
    connection.send();
  }
  return await finish(tally, { connections, finished, eventsPerReply: 0 });
}

async function runStreams(job: StreamsJob, opened: () => void): Promise<JobResult> {
  const expectation = { bodyBytes: undefined, events: job.events, anyStatus: false };
  const connections: LoadConnection[] = [];
  const finished = new Array<Promise<void>>();
  const tally = new Tally();
  const startMs = performance.now();
  let begun = 0;
  for (let index = 0; index < job.connections; index += 1) {
    const { promise, resolve } = Promise.withResolvers<void>();
    let startedMs = 0;
    let streams = 0;
    const connection = connect(job, expectation, {
      firstByte() {
        tally.latency.record((performance.now() - startedMs) * 1_000);
        streams += 1;
        if (streams === 1) begun += 1;
        if (streams === 1 && begun === job.connections) opened();
      },
      reply(fault) {
        tally.count(fault);
        startedMs = performance.now();
        if (startedMs < startMs + job.durationMs) connection.send();
        else resolve();
      },
    });
    await connection.open();
    connections.push(connection);
    finished.push(promise);
    startedMs = performance.now();
    connection.send();
    const waitMs = startMs + (job.rampMs * (index + 1)) / job.connections - performance.now();
    if (waitMs > 1) await Bun.sleep(waitMs);
  }
  return await finish(tally, { connections, finished, eventsPerReply: job.events });
}

/**
 * Timers fire at best each millisecond, which is more than the latency to be measured, so this loop turns all the time: it
 * sends what is due, lets the sockets have their turn, and pauses the thread for 20 µs, in which the upstream can have the core.
 */
async function runOpen(job: OpenJob): Promise<JobResult> {
  sharpenTimers();
  const nextRequest = requestsOf(job);
  const tally = new Tally();
  const idle: { connection: LoadConnection; intendedMs: number }[] = [];
  const connections: LoadConnection[] = [];
  const expectation = { bodyBytes: job.bodyBytes, events: 0, anyStatus: job.anyStatus ?? false };
  for (let index = 0; index < job.connections; index += 1) {
    const lane: (typeof idle)[number] = {
      intendedMs: 0,
      connection: connect(job, expectation, {
        firstByte: () => undefined,
        reply(fault) {
          tally.latency.record((performance.now() - lane.intendedMs) * 1_000);
          tally.count(fault);
          idle.push(lane);
        },
      }),
    };
    await lane.connection.open();
    connections.push(lane.connection);
    idle.push(lane);
  }
  const startMs = performance.now();
  const total = Math.floor((job.durationMs / 1_000) * job.perSecond);
  const deadlineMs = startMs + job.durationMs + DRAIN_MS_MAX;
  const nap = new Int32Array(new SharedArrayBuffer(4));
  let started = 0;
  while (started < total || idle.length < connections.length) {
    const nowMs = performance.now();
    if (nowMs > deadlineMs) break;
    const due = Math.min(total, Math.floor(((nowMs - startMs) / 1_000) * job.perSecond) + 1);
    while (started < due) {
      const lane = idle.pop();
      // When no connection is free the request waits, and the wait is part of its latency.
      if (lane === undefined) break;
      lane.intendedMs = startMs + (started / job.perSecond) * 1_000;
      started += 1;
      lane.connection.send(nextRequest());
    }
    Atomics.wait(nap, 0, 0, PAUSE_MS);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return await finish(tally, { connections, finished: [], eventsPerReply: 0 });
}

/** What to send next: always the same, or one of many by Zipf's law, drawn the same way in every run. */
function requestsOf({ request, keys }: OpenJob): () => Buffer {
  if (keys === undefined) {
    const only = Buffer.from(request);
    return () => only;
  }
  const requests = Array.from({ length: keys.count }, (_, index) => Buffer.from(request.replaceAll('{key}', String(index + 1))));
  const pick = zipf(keys.count, keys.exponent);
  return () => requests[pick()] ?? Buffer.from(request);
}

function connect(job: Job, expectation: Expectation, events: ConnectionEvents): LoadConnection {
  return new LoadConnection({ port: job.port, request: Buffer.from(job.request) }, expectation, events);
}

async function finish(
  tally: Tally,
  run: { connections: LoadConnection[]; finished: Promise<void>[]; eventsPerReply: number },
): Promise<JobResult> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    tally.count('a reply that did not end in time');
    late.resolve();
  }, DRAIN_MS_MAX);
  await Promise.race([Promise.all(run.finished), late.promise]);
  clearTimeout(timer);
  for (const connection of run.connections) connection.close();
  return tally.result(run.eventsPerReply);
}

/** Linux rounds short sleeps up by 50 µs unless told otherwise (prctl(2), PR_SET_TIMERSLACK). */
function sharpenTimers(): void {
  writeFileSync('/proc/self/timerslack_ns', '1');
}

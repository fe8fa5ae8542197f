/*
 * What the workers of one gateway tell each other, by way of their parent: what each has counted, so that whichever of them is asked for
 * metrics answers for all.
 *
 *   worker ──collect──▶ parent ──report?──▶ every other worker
 *   worker ◀─collected─ parent ◀──report─── each, or its last one when it is late
 *
 * What a worker had counted when it ended is kept by the parent and told ever after: sums never fall below what was told before. What
 * it counted after it was last asked is lost when it crashes.
 */

import { z } from 'zod';
import type { Clock } from '../base/clock.ts';

const ticket = z.int().min(0);
const fromWorker = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), url: z.string() }),
  z.object({ kind: z.literal('collect'), ticket }),
  z.object({ kind: z.literal('report'), ticket, report: z.unknown().optional() }),
]);
const toWorker = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('report'), ticket }),
  z.object({ kind: z.literal('collected'), ticket, reports: z.array(z.unknown()) }),
]);
type FromWorker = z.infer<typeof fromWorker>;
type ToWorker = z.infer<typeof toWorker>;

/** How long a worker may take over its report, and then how long one waits for the parent's answer. */
const REPORT_MS_MAX = 500;
const COLLECT_MS_MAX = 1_000;
/** Collections under way at the parent: each worker has one at a time, so this is for those of workers that died. */
const COLLECTIONS_MAX = 1_000;

export interface ReportExchangeDeps<Report> {
  readonly clock: Clock;
  /** Undefined for what is no report. */
  readonly parse: (message: unknown) => Report | undefined;
  /** What remains of those that have ended, as one. */
  readonly depart: (reports: readonly Report[]) => Report;
}

/** A worker, as its parent sees it. */
export interface LinkedWorker {
  /** Takes what it sent. Passes over what it does not understand. */
  received(message: unknown): void;
  /** It has ended. */
  left(): void;
}

interface Member<Report> {
  readonly send: (message: ToWorker) => void;
  isReady: boolean;
  last: Report | undefined;
}

interface Collection<Report> {
  readonly missing: Set<Member<Report>>;
  readonly finish: () => void;
}

export interface ReportExchange {
  /** `send` must not throw; `onReady` is called when the worker accepts requests. */
  join(send: (message: unknown) => void, onReady: (url: string) => void): LinkedWorker;
}

/** The parent's side. */
export function createReportExchange<Report>({ clock, parse, depart }: ReportExchangeDeps<Report>): ReportExchange {
  const members = new Set<Member<Report>>();
  const collections = new Map<number, Collection<Report>>();
  let departed: Report | undefined;
  let nextTicket = 0;

  const collect = (asker: Member<Report>, askersTicket: number): void => {
    if (collections.size >= COLLECTIONS_MAX) return;
    const own = nextTicket++;
    const others = [...members].filter((member) => member !== asker && member.isReady);
    const finish = (): void => {
      timer[Symbol.dispose]();
      collections.delete(own);
      const reports = [...others.map(({ last }) => last), departed].filter((report) => report !== undefined);
      asker.send({ kind: 'collected', ticket: askersTicket, reports });
    };
    const timer = clock.after(REPORT_MS_MAX, finish);
    if (others.length === 0) return finish();
    collections.set(own, { missing: new Set(others), finish });
    for (const member of others) member.send({ kind: 'report', ticket: own });
  };
  const settle = (member: Member<Report>, collection: Collection<Report> | undefined): void => {
    if (collection?.missing.delete(member) === true && collection.missing.size === 0) collection.finish();
  };

  return {
    join(send, onReady) {
      const member: Member<Report> = { send, isReady: false, last: undefined };
      members.add(member);
      return {
        received(raw) {
          const message = fromWorker.safeParse(raw).data;
          if (message === undefined) return;
          if (message.kind === 'ready') {
            member.isReady = true;
            onReady(message.url);
          } else if (message.kind === 'collect') collect(member, message.ticket);
          else {
            member.last = parse(message.report) ?? member.last;
            settle(member, collections.get(message.ticket));
          }
        },
        left() {
          members.delete(member);
          if (member.last !== undefined) departed = depart([...(departed === undefined ? [] : [departed]), member.last]);
          member.last = undefined;
          for (const collection of collections.values()) settle(member, collection);
        },
      };
    },
  };
}

/** To the parent and back, as the runtime provides it. */
export interface WorkerChannel {
  /** May throw when the parent is gone. */
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

export interface WorkerLink<Report> {
  /** Tells the parent that requests are accepted. */
  ready(url: string): void;
  /** What the other workers counted; what was last known when it does not come in time. Never rejects. */
  readonly others: () => Promise<readonly Report[]>;
}

export interface WorkerLinkDeps<Report> extends Pick<ReportExchangeDeps<Report>, 'clock' | 'parse'> {
  /** Undefined while there is nothing to tell yet. */
  readonly report: () => Report | undefined;
}

/** A worker's side. */
export function createWorkerLink<Report>(channel: WorkerChannel, { clock, parse, report }: WorkerLinkDeps<Report>): WorkerLink<Report> {
  let known: readonly Report[] = [];
  let underWay: { readonly ticket: number; readonly promise: Promise<void>; readonly done: () => void } | undefined;
  let nextTicket = 0;

  const send = (message: FromWorker): boolean => {
    try {
      channel.send(message);
      return true;
    } catch {
      return false;
    }
  };
  channel.onMessage((raw) => {
    const message = toWorker.safeParse(raw).data;
    if (message === undefined) return;
    if (message.kind === 'report') send({ kind: 'report', ticket: message.ticket, report: report() });
    else if (message.ticket === underWay?.ticket) {
      known = message.reports.map(parse).filter((one) => one !== undefined);
      underWay.done();
    }
  });
  const begin = (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const own = nextTicket++;
    const done = (): void => {
      timer[Symbol.dispose]();
      underWay = undefined;
      resolve();
    };
    const timer = clock.after(COLLECT_MS_MAX, done);
    underWay = { ticket: own, promise, done };
    if (!send({ kind: 'collect', ticket: own })) done();
    return promise;
  };

  return {
    ready: (url) => void send({ kind: 'ready', url }),
    async others() {
      await (underWay?.promise ?? begin());
      return known;
    },
  };
}

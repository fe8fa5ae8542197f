/* The thread of the context engines: its first message is what they are made from, all others are calls. */

import { GatewayError } from '../../base/errors.ts';
import { systemClock } from '../../base/system-clock.ts';
import type { ContextModels } from '../context-models.ts';
import { type BuiltEngine, buildEngine } from './build-engine.ts';
import type { EngineConfig } from './engine-config.ts';
import { Link, type LinkMessage, type Serve } from './link.ts';

interface ThreadScope {
  addEventListener(name: 'message', listener: (event: { data: EngineConfig | LinkMessage }) => void): void;
  postMessage(message: LinkMessage, transfer: ArrayBuffer[]): void;
}

declare const self: ThreadScope;

const CALLS_MAX = 1_000;
const REPORT_MS = 10_000;

let config: EngineConfig | undefined;
let engine: BuiltEngine | undefined;
/** Calls under way that somebody waits for. */
let waitedFor = 0;
/** What documents are indexed by takes long, and nobody's chat waits for it. */
const UNHURRIED: ReadonlySet<string> = new Set(['knowledge.index', 'knowledge.takeUnfinished']);

const serve: Serve = async (method, given) => {
  if (method === 'close') {
    await engine?.[Symbol.asyncDispose]();
    engine = undefined;
    return undefined;
  }
  if (method === 'configure') return configure(given[0] as EngineConfig);
  const built = (engine ??= build());
  if (method === 'status') return built.status();
  if (method === 'warm') return built.warm();
  const [part = '', name = ''] = method.split('.');
  const target = part === 'memory' ? built.memory : built.knowledge;
  const run = target[name as keyof typeof target] as ((...given: readonly unknown[]) => unknown) | undefined;
  if (run === undefined) throw new Error(`there is no method '${method}'`);
  if (UNHURRIED.has(method)) return run.apply(target, [...given]);
  waitedFor += 1;
  try {
    return await run.apply(target, [...given]);
  } finally {
    waitedFor -= 1;
  }
};

/** What was not opened yet is opened with it. */
async function configure(next: EngineConfig): Promise<void> {
  config = next;
  await engine?.configure(next);
}

/** It is opened when it is first needed, and anew after it could not be: a disk may come back. */
function build(): BuiltEngine {
  if (config === undefined) throw new Error('the engines were asked before they were told what they are made from');
  try {
    return buildEngine(config, { clock: systemClock, random: Math.random, onFault: report, models, isBusy: () => waitedFor > 0 });
  } catch (cause) {
    report(`the stores of memory and knowledge cannot be opened: ${String(cause)}`);
    throw new GatewayError('storage_unavailable', 'memory and knowledge can be neither stored nor read at the moment', {
      cause,
      retryAfterMs: 5_000,
    });
  }
}

const link = new Link(
  { what: 'the gateway', callsMax: CALLS_MAX },
  { post: (message) => self.postMessage(message, []) },
  { clock: systemClock, serve, onFault: report },
);

/** The gateway's own deadlines and its caller's signal end them; this one is for a gateway that has lost the call. */
const MODEL_MS = 900_000;
const models: ContextModels = {
  embed: (request, signal) => link.call('models.embed', [request], { timeoutMs: MODEL_MS, signal }),
  rerank: (request, signal) => link.call('models.rerank', [request], { timeoutMs: MODEL_MS, signal }),
  ask: (request, signal) => link.call('models.ask', [request], { timeoutMs: MODEL_MS, signal }),
};

/** To the gateway's log. That it did not get there is no reason to fail. */
function report(message: string): void {
  link.call('report', [message], { timeoutMs: REPORT_MS }).catch(() => undefined);
}

self.addEventListener('message', ({ data }) => {
  if ('kind' in data) link.take(data);
  else config = data;
});

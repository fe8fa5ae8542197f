import type { Clock } from '../base/clock.ts';
import type { FaultCounter } from './fault-counter.ts';
import { type Faults, splitModel } from './faults.ts';
import type { SimulatorOptions } from './options.ts';
import type { PrefixCache } from './prefix-cache.ts';
import type { RecordedVisit } from './recorder.ts';
import type { ResponseStore } from './responses/store.ts';
import type { SocketTalk } from './sockets.ts';
import type { Stored } from './stored.ts';
import type { Ticker } from './ticker.ts';

/** A fault set at run time, for requests whose path begins with `path`. */
export interface FaultRule {
  readonly path: string;
  readonly fault: string;
}

/** What all requests to one simulator share. */
export interface World {
  readonly options: SimulatorOptions;
  /** Nothing is told to every request: no timing, no fault. */
  readonly isPlain: boolean;
  readonly clock: Clock;
  readonly ticker: Ticker;
  readonly counter: FaultCounter;
  /** Models that an Ollama has in memory, with the wall milliseconds until when. */
  readonly loaded: Map<string, number>;
  /** Prompts seen before, for the vendors that bill them apart. */
  readonly prefixes: PrefixCache;
  /** What `/v1/responses` keeps for later. */
  readonly responses: ResponseStore;
  /** Files, uploads and batches. */
  readonly stored: Stored;
  /** Answers a request that another led to, as if it had come in, but leaves it out of the record: a line of a batch. */
  readonly ask: (request: Request, from: Visit) => Promise<Response>;
  /** Replaced as a whole through `POST /__sim/fault`. */
  rules: readonly FaultRule[];
}

/** Whose API a route belongs to, and so the shape of its errors. */
export type ErrorShape = 'openai' | 'ollama' | 'anthropic' | 'service' | 'gemini' | 'bedrock' | 'cohere' | 'tei';

/** One request to the simulator. */
export interface Visit {
  readonly world: World;
  readonly shape: ErrorShape;
  readonly request: Request;
  readonly path: string;
  /** With the leading `?`, or empty. */
  readonly query: string;
  readonly record: RecordedVisit;
  /** Turns the connection into a WebSocket; false where the client did not ask for one. `headers` go into the reply that agrees to it. */
  readonly upgrade: (talk: SocketTalk, headers?: Readonly<Record<string, string>>) => boolean;
  /** A visit of its own, for what arrives over that WebSocket: recorded and answered as if it had been posted here. */
  readonly visitOf: (request: Request) => Visit;
}

/** A model as asked for: its name without the fault text, and what holds for this request. */
export interface AskedModel {
  readonly name: string;
  readonly faults: Faults;
}

/** Decides what is done to a request. Call once for each: `times` is counted here. Throws `request_invalid` for a fault text nobody knows. */
export function askedModel(visit: Visit, model: string): AskedModel {
  const { name, faults } = splitModel(model);
  return { name, faults: faultsOf(visit, faults) };
}

/** The same for a request that names no model. */
export function faultsOf(visit: Visit, modelFaults = ''): Faults {
  const { options, counter, rules } = visit.world;
  const header = visit.request.headers.get('x-simulate') ?? '';
  const query = visit.query.includes('simulate=') ? (new URLSearchParams(visit.query).get('simulate') ?? '') : '';
  // Nearly every request: no text anywhere, and the very object that was there at start.
  if (rules.length === 0 && header === '' && query === '' && modelFaults === '') return options.behaviour;

  const texts: string[] = [];
  for (const rule of rules) if (visit.path.startsWith(rule.path)) texts.push(rule.fault);
  texts.push(header, query, modelFaults);
  return counter.take(options.behaviour, texts);
}

/** Whether a model may be asked for. Ollama's default tag is no part of the name. */
export function isServed(options: SimulatorOptions, name: string): boolean {
  return options.anyModel || options.models.includes(name) || options.models.includes(name.replace(/:latest$/, ''));
}

export function seedOf(visit: Visit, faults: Faults): number {
  return faults.seed ?? visit.world.options.seed;
}

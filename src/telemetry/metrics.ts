/*
 * What is counted, as narrow recorders: one per thing that happens, called by whoever sees it happen. What is in the path of a
 * request resolves its cells once per route, and then adds to them.
 *
 * Which models and targets may be labels is decided in label-names.ts; what is configured is told by `allowNames` at every
 * (re)load.
 */

import type { Clock } from '../base/clock.ts';
import { createLabelNames } from './label-names.ts';
import { type Buckets, type Cell, createMetricRegistry, type MetricRegistry, OTHER } from './metric-registry.ts';
import { type MetricsJson, metricsJson } from './metrics-json.ts';
import { figuresOf, type MetricsReport, mergedView } from './metrics-report.ts';
import { metricsText } from './metrics-text.ts';
import { createRecent, type Recent, readRecent } from './recent.ts';

/** Requests of one endpoint. */
export interface EndpointMetrics {
  /** Counts a request that ended now. `error` is the row of the error catalogue behind it, if any; `cut`: its reply was not finished. */
  ended(method: string, end: RequestEnd): void;
}

export interface RequestEnd {
  readonly status: number;
  readonly durationMs: number;
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  readonly error: string | undefined;
  readonly cut: boolean;
}

export interface Metrics extends Disposable {
  /** Names that are configured: models with their aliases; targets and services, and `provider/*` for providers that take any model. */
  allowNames(names: { readonly models: Iterable<string>; readonly targets: Iterable<string> }): void;
  /**
   * The recorder of one endpoint: a route's pattern, or `unmatched`. Resolve it once, not per request. What is no `traffic` (health
   * probes, scrapes) is counted, but stays out of the latencies and rates of `json`.
   */
  endpoint(pattern: string, traffic: boolean): EndpointMetrics;
  /** Requests under way: add 1 when one begins and take 1 away when it ends. */
  readonly requestsOpen: Cell;
  /** Replies being streamed, in the same way. */
  readonly streamsOpen: Cell;

  /** Of a model that has answered. */
  tokens(model: string, usage: { readonly inputTokens?: number; readonly outputTokens?: number }): void;
  /** What it cost, in nano-dollars (10^-9 US dollars). */
  cost(model: string, nanoDollars: number): void;
  firstToken(model: string, durationMs: number): void;
  /** A request to an upstream over plain http found a connection. */
  connection(kind: 'new' | 'reused'): void;
  /** `outcome` is `ok` or an error code. */
  attempt(target: string, outcome: string): void;
  retry(target: string): void;
  /** `target` is the one that was turned to. */
  fallback(target: string): void;
  breakerChange(service: string, state: string): void;
  cacheResult(result: string): void;
  queued(durationMs: number): void;
  /** `scope` is a tier's or a route limit's name, never a caller's. */
  rateLimited(scope: string): void;
  /** `check` and `action` are input screening's own words. */
  screened(check: string, action: string): void;
  /** `part`, `kind`, `reason` and `result` are the context policy's own words. */
  contextRetrieved(part: string, durationMs: number): void;
  contextTold(kind: string, count: number): void;
  contextLeftOut(part: string, reason: string): void;
  memorySaved(result: string): void;
  storeFault(store: string, kind: string): void;
  configReload(result: 'applied' | 'refused'): void;
  healthAnswered(durationMs: number): void;

  /** Breakers, as they are when somebody looks. */
  breakers(read: () => Iterable<BreakerReading>): void;
  /** Whether what was remembered before the start is ready to be asked for, as it is when somebody looks. */
  contextWarm(read: () => boolean): void;
  /** Spans of the trace exporter, as they are when somebody looks. */
  spans(read: () => { readonly exported: number; readonly dropped: number; readonly failed: number }): void;

  /** What this process counted, for another one that tells of several. */
  report(): MetricsReport;
  /** Prometheus' text format; of this process, and of `others` that share its work. */
  text(others?: readonly MetricsReport[]): string;
  /** The figures of the last minute and the totals, for people and scripts; of this process, and of `others`. */
  json(others?: readonly MetricsReport[]): MetricsJson;
}

export interface BreakerReading {
  readonly name: string;
  readonly state: 'closed' | 'half-open' | 'open';
}

export interface MetricsDeps {
  readonly clock: Clock;
  readonly version: string;
  /** Lines that the log dropped since the start. */
  readonly droppedLogLines: () => number;
  /** The process' own figures. */
  readonly readProcess: () => ProcessReading;
}

export interface ProcessReading {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
}

export function createMetrics(config: { readonly series_max: number }, deps: MetricsDeps): Metrics {
  const registry = createMetricRegistry(config.series_max);
  const recent = createRecent(deps.clock.monotonic());
  const startedAtMs = deps.clock.monotonic();
  const openBreakers = { read: (): Iterable<BreakerReading> => [] };
  const endpoints = new Map<string, EndpointMetrics>();
  const sampler = sampleEventLoop(registry.buckets('gateway_event_loop_delay_seconds'), deps.clock);
  sourceProcess(registry, deps);
  registry.source('circuit_breaker_state', () =>
    Array.from(openBreakers.read(), ({ name, state }) => [[name], BREAKER_VALUE[state]] as const),
  );

  const report = (): MetricsReport => ({
    metrics: figuresOf(registry.families()),
    recent: recent.report(deps.clock.monotonic()),
    breakers: Array.from(openBreakers.read(), ({ name, state }) => ({ name, state })),
    uptimeMs: deps.clock.monotonic() - startedAtMs,
  });

  return {
    ...trafficRecorders(registry),
    ...stateRecorders(registry),
    ...contextRecorders(registry),
    endpoint(pattern, traffic) {
      const known = endpoints.get(pattern);
      if (known !== undefined) return known;
      const made = createEndpoint(pattern, { registry, recent: traffic ? recent : undefined });
      // Over the bound they still count, under `other`.
      if (endpoints.size < config.series_max) endpoints.set(pattern, made);
      return made;
    },
    breakers(read) {
      openBreakers.read = read;
    },
    contextWarm(read) {
      registry.source('gatehouse_context_warm', () => [[[], read() ? 1 : 0]]);
    },
    spans(read) {
      registry.source('gateway_spans_total', () => Object.entries(read()).map(([result, count]) => [[result], count] as const));
    },
    report,
    text: (others = []) => metricsText((others.length === 0 ? registry : mergedView([report(), ...others])).families()),
    json: (others = []) => {
      const all = [report(), ...others];
      return metricsJson(others.length === 0 ? registry : mergedView(all), {
        recent: readRecent(all.map(({ recent: one }) => one)),
        nowMs: deps.clock.now(),
        uptimeMs: Math.max(...all.map(({ uptimeMs }) => uptimeMs)),
        breakers: worstOf(all.flatMap(({ breakers }) => breakers)),
      });
    },
    [Symbol.dispose]: () => sampler[Symbol.dispose](),
  };
}

const BREAKER_VALUE: Readonly<Record<BreakerReading['state'], number>> = { closed: 0, 'half-open': 1, open: 2 };

/** Each once, in the state that is furthest from closed. */
function worstOf(breakers: readonly BreakerReading[]): Iterable<BreakerReading> {
  const worst = new Map<string, BreakerReading>();
  for (const breaker of breakers) {
    const known = worst.get(breaker.name);
    if (known === undefined || BREAKER_VALUE[breaker.state] > BREAKER_VALUE[known.state]) worst.set(breaker.name, breaker);
  }
  return worst.values();
}

type TrafficRecorders = Pick<
  Metrics,
  | 'allowNames'
  | 'requestsOpen'
  | 'streamsOpen'
  | 'tokens'
  | 'cost'
  | 'firstToken'
  | 'connection'
  | 'attempt'
  | 'retry'
  | 'fallback'
  | 'cacheResult'
  | 'queued'
>;

function trafficRecorders(registry: MetricRegistry): TrafficRecorders {
  const names = createLabelNames();
  const modelCells = createMemo((model: string) => ({
    input: registry.cell('gateway_tokens_total', 'input', model),
    output: registry.cell('gateway_tokens_total', 'output', model),
    firstToken: registry.buckets('gateway_first_token_seconds', model),
  }));
  const costCells = createMemo((model: string) => registry.cell('gateway_cost_usd_total', model));
  const okCells = createMemo((target: string) => registry.cell('gateway_upstream_attempts_total', target, 'ok'));
  const cacheCells = createMemo((result: string) => registry.cell('gateway_cache_results_total', result));
  const connections = {
    new: registry.cell('gateway_upstream_connections_total', 'new'),
    reused: registry.cell('gateway_upstream_connections_total', 'reused'),
  };
  const queue = registry.buckets('gateway_queue_seconds');

  return {
    allowNames: (configured) => names.allow(configured),
    requestsOpen: registry.cell('gateway_requests_open'),
    streamsOpen: registry.cell('gateway_streams_open'),
    tokens(model, usage) {
      const cells = modelCells(names.model(model));
      cells.input.value += usage.inputTokens ?? 0;
      cells.output.value += usage.outputTokens ?? 0;
    },
    // By a cell of its own, made when it is needed: a model without a price is not shown as one that costs nothing.
    cost: (model, nanoDollars) => void (costCells(names.model(model)).value += nanoDollars / 1e9),
    firstToken: (model, durationMs) => modelCells(names.model(model)).firstToken.observe(durationMs / 1_000),
    connection: (kind) => void (connections[kind].value += 1),
    attempt(target, outcome) {
      const name = names.target(target);
      const cell = outcome === 'ok' ? okCells(name) : registry.cell('gateway_upstream_attempts_total', name, outcome);
      cell.value += 1;
    },
    retry: (target) => void (registry.cell('gateway_retries_total', names.target(target)).value += 1),
    fallback: (target) => void (registry.cell('gateway_fallbacks_total', names.target(target)).value += 1),
    cacheResult: (result) => void (cacheCells(result).value += 1),
    queued: (durationMs) => queue.observe(durationMs / 1_000),
  };
}

type ContextRecorders = Pick<Metrics, 'contextRetrieved' | 'contextTold' | 'contextLeftOut' | 'memorySaved'>;

function contextRecorders(registry: MetricRegistry): ContextRecorders {
  const seconds = createMemo((part: string) => registry.buckets('gatehouse_context_seconds', part));
  return {
    contextRetrieved: (part, durationMs) => seconds(part).observe(durationMs / 1_000),
    contextTold: (kind, count) => void (registry.cell('gatehouse_context_items_total', kind).value += count),
    contextLeftOut: (part, reason) => void (registry.cell('gatehouse_context_left_out_total', part, reason).value += 1),
    memorySaved: (result) => void (registry.cell('gatehouse_memory_saves_total', result).value += 1),
  };
}

type StateRecorders = Pick<Metrics, 'breakerChange' | 'rateLimited' | 'screened' | 'storeFault' | 'configReload' | 'healthAnswered'>;

function stateRecorders(registry: MetricRegistry): StateRecorders {
  const health = registry.buckets('gateway_health_check_duration_seconds');
  return {
    breakerChange: (service, state) => void (registry.cell('gateway_breaker_changes_total', service, state).value += 1),
    rateLimited: (scope) => void (registry.cell('rate_limit_exceeded_total', scope).value += 1),
    screened: (check, action) => void (registry.cell('gatehouse_screening_total', check, action).value += 1),
    storeFault: (store, kind) => void (registry.cell('gateway_store_faults_total', store, kind).value += 1),
    configReload: (result) => void (registry.cell('gateway_config_reloads_total', result).value += 1),
    healthAnswered: (durationMs) => health.observe(durationMs / 1_000),
  };
}

/** Methods that may be a label; any other is `other`. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Rows of the error catalogue that say who called, or what they may not do. */
const AUTH_FAILURES = new Set([
  'key_missing',
  'key_invalid',
  'token_invalid',
  'auth_unavailable',
  'access_denied',
  'model_forbidden',
  'origin_forbidden',
]);

interface MethodCells {
  readonly duration: Buckets;
  readonly byStatus: (Cell | undefined)[];
}

function createEndpoint(pattern: string, deps: { registry: MetricRegistry; recent: Recent | undefined }): EndpointMetrics {
  const { registry, recent } = deps;
  const byMethod = new Map<string, MethodCells>();
  const cellsOf = (method: string): MethodCells => {
    const cells = { duration: registry.buckets('http_request_duration_seconds', method, pattern), byStatus: [] };
    byMethod.set(method, cells);
    return cells;
  };

  return {
    ended(sent, { status, durationMs, nowMs, error, cut }) {
      const method = METHODS.has(sent) ? sent : OTHER;
      const cells = byMethod.get(method) ?? cellsOf(method);
      const cell = (cells.byStatus[status] ??= registry.cell('http_requests_total', method, pattern, String(status)));
      cell.value += 1;
      cells.duration.observe(durationMs / 1_000);
      const failed = status >= 400 || cut;
      recent?.record(nowMs, durationMs, failed);
      if (!failed) return;
      registry.cell('http_request_errors_total', method, pattern, error ?? 'passed_through').value += 1;
      if (error !== undefined && AUTH_FAILURES.has(error)) registry.cell('gateway_auth_failures_total', error).value += 1;
    },
  };
}

/** Remembers what `make` made for each name. The names are bounded by whoever gives them. */
function createMemo<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const value = make(name);
    made.set(name, value);
    return value;
  };
}

const SAMPLE_MS = 250;

function sampleEventLoop(buckets: Buckets, clock: Clock): Disposable {
  let timer: Disposable;
  const arm = (): void => {
    const dueMs = clock.monotonic() + SAMPLE_MS;
    timer = clock.after(SAMPLE_MS, () => {
      buckets.observe(Math.max(0, clock.monotonic() - dueMs) / 1_000);
      arm();
    });
  };
  arm();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

function sourceProcess(registry: MetricRegistry, deps: MetricsDeps): void {
  const startSeconds = deps.clock.now() / 1_000;
  registry.source('gateway_log_lines_dropped_total', () => [[[], deps.droppedLogLines()]]);
  registry.source('process_resident_memory_bytes', () => [[[], deps.readProcess().residentBytes]]);
  registry.source('process_cpu_seconds_total', () => [[[], deps.readProcess().cpuSeconds]]);
  registry.source('process_start_time_seconds', () => [[[], startSeconds]]);
  registry.source('gateway_build_info', () => [[[deps.version], 1]]);
}

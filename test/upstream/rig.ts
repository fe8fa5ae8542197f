/* The upstream layer, whole and on the real clock, as the gateway wires it. */
import { systemClock } from '../../src/base/system-clock.ts';
import type { AttemptRecord } from '../../src/pipeline/facts.ts';
import { createUpstream } from '../../src/upstream/call.ts';
import { UpstreamCallError } from '../../src/upstream/call-error.ts';
import { classifyStatus } from '../../src/upstream/classify.ts';
import { createEndpointRegistry, type EndpointRegistry } from '../../src/upstream/registry.ts';
import { resolveHost } from '../../src/upstream/transport/resolver.ts';
import { createTransport } from '../../src/upstream/transport/transport.ts';
import type { CallOptions, Candidate, ReplyReader, TransportRequest, Upstream, UpstreamReply } from '../../src/upstream/upstream.ts';
import { type UpstreamOverrides, upstreamConfig, withOverrides } from '../../src/upstream/upstream-config.ts';

export interface Rig extends Disposable {
  readonly upstream: Upstream;
  readonly registry: EndpointRegistry;
  readonly attempts: AttemptRecord[];
  /** `name: from > to`, in order. */
  readonly breakerChanges: string[];
  readonly retries: string[];
  readonly fallbacks: string[];
  /** Of requests that found a connection. */
  readonly connections: { readonly new: number; readonly reused: number };
  /** Groups by name, each with its URLs and settings. */
  configure(groups: Readonly<Record<string, readonly string[]>>, settings?: UpstreamOverrides): void;
  call(options?: Partial<CallOptions & Pick<Candidate, 'expect'>> & { readonly targets?: readonly string[] }): Promise<UpstreamReply>;
}

export function createRig(groups: Readonly<Record<string, readonly string[]>>, settings: UpstreamOverrides = {}): Rig {
  const attempts: AttemptRecord[] = [];
  const breakerChanges: string[] = [];
  const retries: string[] = [];
  const fallbacks: string[] = [];
  const connections = { new: 0, reused: 0 };
  const deps = {
    clock: systemClock,
    random: Math.random,
    events: {
      onAttempt: (_group: string, record: AttemptRecord) => void attempts.push(record),
      onBreakerChange: (name: string, from: string, to: string) => void breakerChanges.push(`${name}: ${from} > ${to}`),
      onRetry: (_group: string, reason: string) => void retries.push(reason),
      onFallback: (from: string, to: string, reason: string) => void fallbacks.push(`${from} > ${to}: ${reason}`),
      onHealthChange: () => {},
      onConnection: (kind: 'new' | 'reused') => void (connections[kind] += 1),
    },
  };
  const transport = createTransport({ ...deps, resolve: resolveHost });
  const registry = createEndpointRegistry({ ...deps, transport });
  const upstream = createUpstream({ ...deps, registry, signers: () => undefined });
  const configure: Rig['configure'] = (wanted, changed = settings) => {
    const defaults = upstreamConfig.parse({});
    registry.update(Object.entries(wanted).map(([name, urls]) => ({ name, urls, settings: withOverrides(defaults, changed) })));
  };
  configure(groups);
  return {
    upstream,
    registry,
    attempts,
    breakerChanges,
    retries,
    fallbacks,
    connections,
    configure,
    call: ({ targets = Object.keys(groups), expect = WHOLE, ...options } = {}) =>
      upstream.call({
        candidates: targets.map((name) => ({ ...candidate(name), expect })),
        signal: new AbortController().signal,
        totalTimeoutMs: 5_000,
        firstTokenTimeoutMs: 1_000,
        replayable: true,
        ...options,
      }),
    [Symbol.dispose]: () => registry[Symbol.dispose](),
  };
}

export const WHOLE: ReplyReader = { kind: 'whole', bytesMax: 100_000, check: () => {} };
export const PASS: ReplyReader = { kind: 'pass', wholeBytesMax: 1_024 };
/** The first token is the first chunk that has a `T` in it. */
export const STREAM: ReplyReader = {
  kind: 'stream',
  start: () => ({ push: (bytes) => Buffer.from(bytes).includes('T'), end: () => {} }),
};

export function candidate(group: string, request: { readonly method?: string; readonly body?: TransportRequest['body'] } = {}): Candidate {
  const { method = 'POST', body = new TextEncoder().encode('{}') } = request;
  return {
    name: group,
    group,
    expect: WHOLE,
    classify: classifyStatus,
    prepare: (baseUrl) => ({ url: `${baseUrl}/work`, method, headers: {}, body: method === 'GET' ? null : body }),
  };
}

export function textOf(reply: UpstreamReply): string {
  if (reply.body.kind !== 'whole') throw new Error('the reply is not whole');
  return new TextDecoder().decode(reply.body.bytes);
}

/** The error that a call ends with. */
export async function failureOf(call: Promise<UpstreamReply>): Promise<UpstreamCallError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof UpstreamCallError) return error;
    throw error;
  }
  throw new Error('the call did not fail');
}

/** Waits for what another process or socket must do first; fails after two seconds. */
export async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 2_000;
  while (!isTrue()) {
    if (performance.now() > deadlineMs) throw new Error(`never came true: ${what}`);
    await Bun.sleep(2);
  }
}

/*
 * What the policies and the calls cost without a network: the whole stack around handlers that answer at once, called in a loop. The least
 * of many batches counts, so it can be read on a busy machine, too.
 *
 *   bun bench/micro/gateway/stack.ts
 */
import { NEVER } from '../../../src/base/abort.ts';
import { systemClock } from '../../../src/base/system-clock.ts';
import { configSchema } from '../../../src/config/config.ts';
import { createSpools } from '../../../src/context/spool/spool.ts';
import { DIALECTS_BY_NAME } from '../../../src/dialects/registry.ts';
import { createRuntime } from '../../../src/gateway/runtime.ts';
import { Exchange } from '../../../src/pipeline/exchange.ts';
import { compose, type Handler } from '../../../src/pipeline/policy.ts';
import type { GatewayRequest } from '../../../src/pipeline/request.ts';
import type { RouteInfo } from '../../../src/pipeline/route.ts';
import { traceHeaders } from '../../../src/pipeline/trace-fact.ts';
import { createCache } from '../../../src/policies/cache/cache.ts';
import { createIdentify } from '../../../src/policies/identify/identify.ts';
import { createModelAccess } from '../../../src/policies/model-access/model-access.ts';
import { createObserver } from '../../../src/policies/observe/observe.ts';
import { createRateLimit } from '../../../src/policies/rate-limit/rate-limit.ts';
import { createRead } from '../../../src/policies/read/read.ts';
import { createRescue } from '../../../src/policies/rescue/rescue.ts';
import { createRouter } from '../../../src/routing/router.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { createUpstream } from '../../../src/upstream/call.ts';
import { groupConfigs } from '../../../src/upstream/group-configs.ts';
import { createModelCall } from '../../../src/upstream/model-call.ts';
import { createEndpointRegistry } from '../../../src/upstream/registry.ts';
import type { Transport } from '../../../src/upstream/transport/transport.ts';

const BATCHES = 60;
const BATCH = 2_000;
const MODEL = 'sim-fixed';
const KEY = 'gh-0123456789abcdef0123456789abcdef';
const BASE_URL = 'http://127.0.0.1:9';

const config = configSchema.parse({
  auth: { keys: [{ name: 'bench', key: KEY }] },
  limits: { default: { per_second: 10_000_000, per_minute: 100_000_000, per_hour: 1_000_000_000 } },
  providers: { sim: { type: 'openai-compatible', base_url: BASE_URL } },
  models: { [MODEL]: { targets: [{ provider: 'sim' }] } },
});
const clock = systemClock;
const log = createLog(config.telemetry.log, {
  output: { write: () => Promise.resolve(), end: () => Promise.resolve() } as never,
  clock,
  terminal: false,
});
const runtime = createRuntime(config, {
  clock,
  log,
  version: '0',
  random: Math.random,
  seed: new Uint32Array([1, 2, 3, 4]),
  instanceId: 'x',
});
const router = createRouter(config);

const answer = new TextEncoder().encode(
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: MODEL,
    choices: [{ index: 0, message: { role: 'assistant', content: 'word '.repeat(80) }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
  }),
);
const replyHeaders = new Headers({ 'content-type': 'application/json' });
const transport: Transport = {
  connector: (baseUrl) => ({
    baseUrl,
    label: 'fake:80',
    send: () => Promise.resolve({ status: 200, headers: replyHeaders, reader: () => undefined, bytes: () => Promise.resolve(answer) }),
    openSocket: () => Promise.reject(new Error('no sockets here')),
    [Symbol.dispose]: () => {},
  }),
};
const registry = createEndpointRegistry({ transport, clock, random: Math.random, events: runtime.events });
registry.update(groupConfigs(router, config.services, config.upstream));
const upstream = createUpstream({ registry, clock, random: Math.random, events: runtime.events, signers: () => undefined });

const policies = [
  createObserver({ log, metrics: runtime.metrics, traceIds: runtime.traceIds, sampleRatio: 1, spans: undefined, costOf: () => undefined })
    .policy,
  createRescue({ logger: log, encoders: new Map() }),
  runtime.admission.policy,
  createIdentify(config.auth, {
    clock,
    keySets: runtime.keySets,
    environment: 'development',
    metricsAccess: 'public',
    bodyBytesMax: 1_048_576,
  }),
  createRead(
    { bodyBytesMax: 1_000_000, formBytesMax: 1_000_000 },
    { dialects: DIALECTS_BY_NAME, defaultModel: () => MODEL, models: new Set(), spools: createSpools(config.media, () => 'bench') },
  ),
  createModelAccess(),
  createRateLimit(config.limits, { counters: runtime.stores.counters, onLimited: () => {} }),
  createCache(config.cache, { values: runtime.stores.values, clock, logger: log, passedHeaders: () => [] }),
];
const route: RouteInfo = { pattern: '/v1/chat/completions', kind: 'model', access: 'key', dialect: 'openai-chat', operation: 'chat' };
const constant: Handler = () => Promise.resolve({ status: 200, headers: { 'content-type': 'application/json' }, body: answer });
const model = createModelCall(
  { replyBytesMax: 1_000_000, pingIntervalMs: 0, translation: config.translation },
  {
    router,
    upstream,
    dialects: DIALECTS_BY_NAME,
    clock,
    random: Math.random,
    watch: runtime.watch,
    createId: () => 'bench',
    outputTokensMax: () => undefined,
    logger: log,
    traceHeaders,
  },
);
const body = new TextEncoder().encode(
  JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'hello '.repeat(75) }], temperature: 0 }),
);
const request: GatewayRequest = {
  method: 'POST',
  path: route.pattern,
  search: '',
  headers: new Headers({ authorization: `Bearer ${KEY}`, 'content-type': 'application/json', host: 'x' }),
  body: { kind: 'bytes', bytes: body },
};

async function measure(name: string, handler: Handler): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < BATCHES; batch++) {
    const started = process.cpuUsage();
    for (let i = 0; i < BATCH; i++) {
      const exchange = new Exchange({ id: 'some-correlation-id', route, signal: NEVER, address: '127.0.0.1', clock });
      await handler(request, exchange);
      exchange.end({ kind: 'complete', status: 200, bytesSent: answer.length });
    }
    const { user, system } = process.cpuUsage(started);
    least = Math.min(least, ((user + system) * 1_000) / BATCH);
  }
  process.stdout.write(`${name.padEnd(34)} ${(least / 1_000).toFixed(2)} µs\n`);
}

const quick: Handler = () => Promise.resolve({ status: 200, headers: {}, body: null });
await measure('nothing', quick);
for (let count = 1; count <= policies.length; count++) {
  await measure(`${count} policies, up to ${policies[count - 1]?.name}`, compose(policies.slice(0, count), route, constant));
}
await measure('all policies and the model call', compose(policies, route, model));
process.exit(0);

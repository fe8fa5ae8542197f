/*
 * Where a request's CPU goes: a listener with the first N policies of the stack around an innermost handler, to be loaded from outside.
 *
 *   bun bench/micro/gateway/layers.ts POLICIES INNERMOST PORT UPSTREAM
 *
 * POLICIES is 0 to 6; INNERMOST is `constant` (answers at once), `connector` (one fetch), `call` (retry, breaker, deadlines) or `model` (what
 * a model route really does). Compare CPU per request of neighbours, pinned, in turn: single figures mean nothing.
 */
import { NEVER } from '../../../src/base/abort.ts';
import { systemClock } from '../../../src/base/system-clock.ts';
import { configSchema } from '../../../src/config/config.ts';
import { createSpools } from '../../../src/context/spool/spool.ts';
import { DIALECTS_BY_NAME } from '../../../src/dialects/registry.ts';
import { createListener } from '../../../src/edge/listener.ts';
import { createRuntime } from '../../../src/gateway/runtime.ts';
import { compose, type Handler } from '../../../src/pipeline/policy.ts';
import type { RouteInfo } from '../../../src/pipeline/route.ts';
import { traceHeaders } from '../../../src/pipeline/trace-fact.ts';
import { createIdentify } from '../../../src/policies/identify/identify.ts';
import { createObserver } from '../../../src/policies/observe/observe.ts';
import { createRateLimit } from '../../../src/policies/rate-limit/rate-limit.ts';
import { createRead } from '../../../src/policies/read/read.ts';
import { createRescue } from '../../../src/policies/rescue/rescue.ts';
import { createRouter } from '../../../src/routing/router.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { createFileOutput } from '../../../src/telemetry/log-output.ts';
import { createUpstream } from '../../../src/upstream/call.ts';
import { groupConfigs } from '../../../src/upstream/group-configs.ts';
import { createModelCall } from '../../../src/upstream/model-call.ts';

const [count = '6', innermost = 'constant', port = '0', upstreamUrl = 'http://127.0.0.1:9100'] = process.argv.slice(2);
const STDOUT = 1;
const REPLY_BYTES_MAX = 1_000_000;
const MODEL = 'sim-fixed';
const KEY = 'gh-0123456789abcdef0123456789abcdef';
const JSON_HEADERS = { 'content-type': 'application/json' };

const config = configSchema.parse({
  server: { port: Number(port) },
  auth: { keys: [{ name: 'bench', key: KEY }] },
  limits: { default: { per_second: 10_000_000, per_minute: 100_000_000, per_hour: 1_000_000_000 } },
  providers: { sim: { type: 'openai-compatible', base_url: `${upstreamUrl}/v1` } },
  models: { [MODEL]: { targets: [{ provider: 'sim' }] } },
});
const clock = systemClock;
const log = createLog(config.telemetry.log, { output: createFileOutput(STDOUT, clock), clock, terminal: false });
const seed = new Uint32Array([1, 2, 3, 4]);
const runtime = createRuntime(config, { clock, log, version: '0', random: Math.random, seed, instanceId: 'bench' });
const router = createRouter(config);
runtime.registry.update(groupConfigs(router, config.services, config.upstream));
const upstream = createUpstream({
  registry: runtime.registry,
  clock,
  random: Math.random,
  events: runtime.events,
  signers: () => undefined,
});

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
    { bodyBytesMax: REPLY_BYTES_MAX, formBytesMax: REPLY_BYTES_MAX },
    { dialects: DIALECTS_BY_NAME, defaultModel: (named) => named, models: new Set(), spools: createSpools(config.media, () => 'bench') },
  ),
  createRateLimit(config.limits, { counters: runtime.stores.counters, onLimited: () => {} }),
];

const answer = new Uint8Array(900).fill(97);
const connector = runtime.registry.group(`sim/${MODEL}`)?.endpoints[0]?.connector;
const toUpstream = (body: Uint8Array | null) => ({
  url: `${upstreamUrl}/v1/chat/completions`,
  method: 'POST',
  headers: { ...JSON_HEADERS, accept: 'application/json', 'accept-encoding': 'identity' },
  body,
});

const HANDLERS: Readonly<Record<string, Handler>> = {
  constant: () => Promise.resolve({ status: 200, headers: JSON_HEADERS, body: answer }),
  connector: async ({ body }) => {
    if (connector === undefined) throw new Error('the group has no endpoint');
    const reply = await connector.send(toUpstream(body.kind === 'bytes' ? body.bytes : null), new AbortController().signal);
    return { status: 200, headers: JSON_HEADERS, body: await reply.bytes(REPLY_BYTES_MAX) };
  },
  call: async ({ body }) => {
    const request = toUpstream(body.kind === 'bytes' ? body.bytes : null);
    const reply = await upstream.call({
      candidates: [
        {
          name: 'sim',
          group: `sim/${MODEL}`,
          expect: { kind: 'whole', bytesMax: REPLY_BYTES_MAX, check: () => {} },
          classify: (status) => {
            throw new Error(`the upstream answered ${status}`);
          },
          prepare: () => request,
        },
      ],
      signal: NEVER,
      totalTimeoutMs: 10_000,
      firstTokenTimeoutMs: 10_000,
      replayable: true,
    });
    return { status: 200, headers: JSON_HEADERS, body: reply.body.kind === 'whole' ? reply.body.bytes : null };
  },
  model: createModelCall(
    { replyBytesMax: REPLY_BYTES_MAX, pingIntervalMs: 0, translation: config.translation },
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
  ),
};

const handler = HANDLERS[innermost];
if (handler === undefined) throw new Error(`INNERMOST is one of ${Object.keys(HANDLERS).join(', ')}`);
const route: RouteInfo = { pattern: '/v1/chat/completions', kind: 'model', access: 'key', dialect: 'openai-chat', operation: 'chat' };
const listener = await createListener(config.server, {
  clock,
  logger: log,
  createId: () => crypto.randomUUID(),
  onRefused: () => {},
  routes: [{ ...route, methods: ['POST'], handler: compose(policies.slice(0, Number(count)), route, handler) }],
});
process.stderr.write(`${count} policies around '${innermost}' at ${listener.url}, key ${KEY}\n`);

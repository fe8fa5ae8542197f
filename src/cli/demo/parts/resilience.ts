/* What happens when things behind the gateway fail; and that most of it is not noticed. */

import { SERVICE_NAMES } from '../../../simulate/services/catalog.ts';
import { type Deed, header, type Part, type Sent, status, text, value } from '../step.ts';
import { MODEL } from './chat.ts';

const ask = (content: string, more: object = {}): Sent => ({
  path: '/v1/chat/completions',
  json: { model: MODEL, messages: [{ role: 'user', content }], max_tokens: 30, ...more },
});
const REPEATED = ask('What is a circuit breaker?', { temperature: 0 });
const QUOTE: Sent = { path: '/api/v1/pricing/quote', json: { product_id: 'sku-1001', quantity: 12 } };
const VERDICT = ['status', 'ok', 'service', 'uptime_ms', 'checks', 'services.vision-service', 'services.pricing-service', 'gateway'];
const SOON = { timesMax: 150, pauseMs: 100 };
const EVERYBODY = [
  'primary',
  'backup',
  ...SERVICE_NAMES.filter((name) => !['twin', 'agent_controller', 'knowledge_system'].includes(name)),
];
const everybody = (kind: 'stop' | 'start'): Deed[] => EVERYBODY.map((server) => ({ kind, server }));

export const resilienceParts: readonly Part[] = [
  {
    id: 'cache',
    title: 'Cache',
    about: 'The same question of the same caller gets the same bytes, without asking the model again.',
    steps: [
      {
        title: 'Asked for the first time',
        shows: 'Not known yet: the model was asked.',
        sends: REPEATED,
        checks: [status(200), header('x-cache', 'MISS')],
      },
      {
        title: 'Asked again',
        shows: ({ durationMs }) => `From the cache, in ${durationMs.toFixed(1)} ms; Age says how old the answer is.`,
        sends: REPEATED,
        checks: [status(200), header('x-cache', 'HIT'), header('age', /^\d+$/)],
      },
      {
        title: 'Asked again, with Cache-Control: no-cache',
        shows: 'Whoever wants a fresh answer gets one.',
        sends: { ...REPEATED, headers: { 'Cache-Control': 'no-cache' } },
        checks: [status(200), { says: 'not from the cache', holds: ({ headers }) => headers['x-cache'] !== 'HIT' }],
      },
      {
        title: 'Asked with temperature 0.7',
        shows: 'Where chance is asked for, nothing is used again.',
        sends: ask('What is a circuit breaker?', { temperature: 0.7 }),
        checks: [status(200), { says: 'not from the cache', holds: ({ headers }) => headers['x-cache'] !== 'HIT' }],
      },
    ],
  },
  {
    id: 'fallback',
    title: 'Fallback',
    about: 'A model with two targets: primary, and backup for when that fails.',
    steps: [
      {
        title: 'The primary is down',
        shows: 'The backup answered; the caller sees it in the headers alone.',
        before: [{ kind: 'fault', at: 'primary', fault: 'status=503', path: '/v1/chat' }],
        sends: ask('Are you there?'),
        checks: [status(200), header('x-gatehouse-provider', 'backup'), header('x-gatehouse-fallbacks', '1')],
      },
      {
        title: 'The same as a stream',
        shows: 'Before the first token another target may still be asked; after it never, or words would come twice.',
        sends: ask('Are you there?', { stream: true }),
        checks: [status(200), header('x-gatehouse-provider', 'backup'), text(/data: \[DONE\]\s*$/)],
      },
      {
        title: 'Both break off in the middle of a stream',
        shows: 'No false success: the stream ends in an error event, and there is no [DONE].',
        before: [
          { kind: 'fault', at: 'primary', fault: 'cut-after=5', path: '/v1/chat' },
          { kind: 'fault', at: 'backup', fault: 'cut-after=5', path: '/v1/chat' },
        ],
        sends: ask('Tell me a long story', { stream: true }),
        checks: [
          status(200),
          text(/"error"/),
          text(/upstream_stream_interrupted/),
          { says: 'no [DONE]', holds: ({ body }) => !body.includes('[DONE]') },
        ],
      },
      {
        title: 'Both are down',
        shows: 'Only now the caller is told, with every attempt that was made.',
        before: [
          { kind: 'fault', at: 'primary', fault: 'status=503', path: '/v1/chat' },
          { kind: 'fault', at: 'backup', fault: 'status=503', path: '/v1/chat' },
        ],
        sends: ask('Is anybody there?'),
        checks: [status(503), value('error.message', /./), header('x-correlation-id', /./)],
      },
    ],
  },
  {
    id: 'breaker',
    title: 'Circuit breaker',
    about: 'Five failed attempts in a row, and a service is left alone for a while. Each service and each model has its own breaker.',
    steps: [
      {
        title: 'A service that keeps failing',
        shows: ({ sent }) => `Request ${sent} did not reach the service any more: refused at once, in the shape of the older gateway.`,
        before: [{ kind: 'fault', at: 'pricing-service', fault: 'status=500', path: '/api/v1/pricing' }],
        sends: QUOTE,
        until: { timesMax: 10, pauseMs: 0 },
        checks: [
          status(503),
          value('error.type', 'service_unavailable'),
          value('error.message', "Circuit breaker 'pricing-service' is OPEN"),
          value('error.correlation_id', /./),
          header('retry-after', /^\d+$/),
        ],
      },
      {
        title: 'All breakers',
        shows: 'Open for pricing, closed for everybody else.',
        sends: { path: '/circuit-breakers' },
        focus: ['pricing-service', 'search-service'],
        checks: [
          status(200),
          value('pricing-service.state', (state) => state === 'open' || state === 'half_open'),
          value('pricing-service.failure_count', (count) => typeof count === 'number' && count >= 5),
          value('search-service.state', 'closed'),
        ],
      },
      {
        title: 'Its neighbours',
        shows: 'Nobody else suffers.',
        sends: { path: '/api/v1/search/query', json: { query: 'compass' } },
        checks: [status(200)],
      },
      {
        title: 'The service is well again',
        shows: ({ sent }) => `After a second one request was let through as a probe, and it succeeded (request ${sent}).`,
        before: [{ kind: 'fault', at: 'pricing-service', fault: '' }],
        sends: QUOTE,
        until: SOON,
        checks: [status(200), value('unit_price', (price) => typeof price === 'number')],
      },
      {
        title: 'An admin closes it by hand',
        shows: 'No need to wait for the second successful probe.',
        sends: { method: 'POST', path: '/circuit-breakers/pricing-service/reset', key: 'admin' },
        checks: [status(200), value('state', 'closed')],
      },
      {
        title: 'All is as before',
        shows: 'Closed, and its failures are forgotten.',
        sends: { path: '/circuit-breakers' },
        focus: ['pricing-service', 'search-service'],
        checks: [status(200), value('pricing-service.state', 'closed'), value('pricing-service.failure_count', 0)],
      },
    ],
  },
  {
    id: 'health',
    title: 'Health',
    about: 'Everything behind the gateway is asked for its health on its own time, so that an answer waits for nobody.',
    steps: [
      {
        title: 'All is well',
        shows: 'One document with what the five older gateways told: status, checks, services, and the gateway itself.',
        sends: { path: '/health', key: null },
        focus: VERDICT,
        until: SOON,
        checks: [
          status(200),
          value('status', 'healthy'),
          value('ok', true),
          value('services.pricing-service.status_code', 200),
          value('services.node.status_code', 200),
          value('gateway.response_time_ms', (time) => typeof time === 'number' && time < 100),
        ],
      },
      {
        title: 'A service is stopped',
        shows: 'Degraded: something is down, and requests are still served.',
        before: [{ kind: 'stop', server: 'vision-service' }],
        sends: { path: '/health', key: null },
        focus: VERDICT,
        until: SOON,
        checks: [status(200), value('status', 'degraded'), value('ok', true), value('services.vision-service.status', 'unhealthy')],
      },
      {
        title: 'Everything is stopped',
        shows: 'Unhealthy, with 503: a load balancer turns to another gateway.',
        before: everybody('stop'),
        sends: { path: '/readyz', key: null },
        focus: VERDICT,
        until: SOON,
        checks: [status(503), value('status', 'unhealthy'), value('ok', false)],
      },
      {
        title: 'The gateway itself lives',
        shows: 'Restarting it would bring nothing back, so /livez says that it lives.',
        sends: { path: '/livez', key: null },
        checks: [status(200)],
      },
      {
        title: 'Everything is back',
        shows: ({ sent }) => `Healthy again by itself, seen at question ${sent}.`,
        before: everybody('start'),
        sends: { path: '/healthz', key: null },
        focus: VERDICT,
        until: SOON,
        checks: [status(200), value('status', 'healthy')],
      },
    ],
  },
];

/* What an operator sees, and what a developer sees when something is wrong. */

import { at, has, header, type Part, status, text, value } from '../step.ts';
import { MODEL } from './chat.ts';

const CORRELATION_ID = 'demo-abc-123';

export const startPart: Part = {
  id: 'start',
  title: 'The gateway',
  about: 'A gateway has been started as `gatehouse start` does it, on a free port of this machine; behind it everything is simulated.',
  steps: [
    {
      title: 'What answers here',
      shows: 'Name, version, and where to go on.',
      sends: { path: '/', key: null },
      checks: [status(200), value('name', 'Gatehouse'), has('version')],
    },
    {
      title: 'The headers that protect browsers',
      shows: 'On every answer, whatever it is.',
      sends: { path: '/health', key: null },
      focus: ['status', 'ok'],
      checks: [
        status(200, 503),
        header('x-content-type-options', 'nosniff'),
        header('x-frame-options', 'DENY'),
        header('referrer-policy', /./),
        header('content-security-policy', /./),
      ],
    },
  ],
};

export const operationParts: readonly Part[] = [
  {
    id: 'correlation',
    title: 'Correlation ids',
    about: 'One id through everything: request, service, answer, error and log.',
    steps: [
      {
        title: 'An id of the caller’s own',
        shows: 'It comes back, it was sent to the service, and it stands in the log.',
        before: [{ kind: 'forget', server: 'pricing-service' }],
        sends: { path: '/api/v1/pricing/quote', headers: { 'X-Correlation-ID': CORRELATION_ID }, json: { product_id: 'sku-1001' } },
        checks: [status(200), header('x-correlation-id', CORRELATION_ID)],
        showsLog: true,
      },
      {
        title: 'What the service saw',
        shows: 'The simulator remembers what it was asked: the same id, and not the key of the caller.',
        sends: { to: 'pricing-service', path: '/__sim/requests?path=/api/v1/pricing' },
        checks: [
          status(200),
          {
            says: `the last request has the id ${CORRELATION_ID} and no key`,
            holds: ({ json }) => {
              const requests = at(json, 'requests');
              const last: unknown = Array.isArray(requests) ? requests.at(-1) : undefined;
              return at(last, 'headers.x-correlation-id') === CORRELATION_ID && at(last, 'headers.authorization') === undefined;
            },
          },
        ],
      },
      {
        title: 'No id',
        shows: 'Then the gateway makes one.',
        sends: { path: '/v1/models' },
        checks: [status(200), header('x-correlation-id', /^[\w-]{20,}$/)],
      },
    ],
  },
  {
    id: 'errors',
    title: 'Error shapes',
    about: 'Every error says what is wrong, whose fault it is, and whether to try again; in the words of the API that was called.',
    steps: [
      {
        title: 'A model that is not there',
        shows: 'On a model route: the shape of OpenAI.',
        sends: { path: '/v1/chat/completions', json: { model: 'gpt-nonsense', messages: [{ role: 'user', content: 'Hello' }] } },
        checks: [status(404), value('error.message', /gpt-nonsense/), value('error.param', 'model'), header('x-should-retry', 'false')],
      },
      {
        title: 'A field that is wrong',
        shows: 'The parameter at fault is named.',
        sends: { path: '/v1/chat/completions', json: { model: MODEL, messages: 'Hello' } },
        checks: [status(400), value('error.param', /messages/)],
      },
      {
        title: 'JSON that breaks off',
        shows: 'Told before anything else is looked at.',
        sends: { path: '/v1/chat/completions', text: `{"model": "${MODEL}", "messages": [` },
        checks: [status(400), value('error.message', /./)],
      },
      {
        title: 'A path that nobody knows',
        shows: 'Elsewhere: the shape of the older gateways, with the correlation id.',
        sends: { path: '/nothing/here' },
        checks: [status(404), value('error.code', 'route_unknown'), value('error.correlation_id', /./)],
      },
      {
        title: 'A method that the route does not have',
        shows: 'Allow says which it has.',
        sends: { method: 'DELETE', path: '/v1/models' },
        checks: [status(405), header('allow', /GET/)],
      },
    ],
  },
  {
    id: 'metrics',
    title: 'Metrics',
    about: 'For Prometheus, and as JSON for people.',
    steps: [
      {
        title: 'For Prometheus',
        shows: 'Under the names that the older gateways documented, so their dashboards go on working.',
        sends: { path: '/metrics' },
        focus:
          /^(?:http_requests_total\{.*pricing|circuit_breaker_state\{.*service="pricing|gateway_requests_total\{.*pricing|rate_limit_exceeded_total)/,
        checks: [
          status(200),
          header('content-type', /^text\/plain/),
          text(/^http_requests_total\{/m),
          text(/^http_request_duration_seconds_bucket\{/m),
          text(/^circuit_breaker_state\{.*service="pricing-service"/m),
          text(/^gateway_requests_total\{/m),
        ],
      },
      {
        title: 'As JSON',
        shows: 'Percentiles, throughput, share of errors, cache hits and breaker changes of this very walk.',
        sends: { path: '/api/metrics' },
        focus: ['uptime_seconds', 'latency', 'throughput', 'error_rate', 'cache', 'circuit_breaker', 'auth_failures', 'rate_limited'],
        checks: [status(200), has('latency.p50_ms', 'latency.p95_ms', 'latency.p99_ms', 'throughput', 'error_rate')],
      },
    ],
  },
];

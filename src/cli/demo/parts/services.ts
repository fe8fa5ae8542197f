/* Service routes: AI microservices behind plain HTTP, as four of the older gateways had them. */

import { has, header, type Part, type Step, status, value } from '../step.ts';

const SEVEN: readonly (readonly [name: string, path: string, json: object, field: string])[] = [
  ['Recommendations', '/api/v1/recommendations/personalized', { user_id: 'alice-001', limit: 2 }, 'recommendations.0.item_id'],
  ['Search', '/api/v1/search/query', { query: 'compass', limit: 2 }, 'results.0.title'],
  ['Pricing', '/api/v1/pricing/quote', { product_id: 'sku-1001', quantity: 12 }, 'unit_price'],
  ['Chatbot', '/api/v1/chat/message', { message: 'Where is my order?' }, 'reply'],
  ['Fraud detection', '/api/v1/fraud/score', { transaction_id: 't-1', amount: 9_000, country: 'DE', card_country: 'BR' }, 'decision'],
  ['Demand forecast', '/api/v1/forecast/demand', { product_id: 'sku-1001', horizon_days: 3 }, 'forecast.2.mean'],
  ['Visual recognition', '/api/v1/vision/classify', { image_url: 'https://example.com/harbour.jpg' }, 'labels.0.label'],
];

const INFERENCE = { prompt: 'hello' };
const QUERY = { query: 'What is the capital of France?', session_id: 's-1', options: { max_tokens: 1_000, temperature: 0.7 } };

export const serviceParts: readonly Part[] = [
  {
    id: 'services',
    title: 'Seven AI services',
    about: 'Each behind its documented variable (PRICING_SERVICE_URL …), with retries, a breaker and a correlation id.',
    steps: [
      ...SEVEN.map(
        ([title, path, json, field]): Step => ({
          title,
          shows: `POST ${path} reached its service; the answer is the service's own, byte for byte.`,
          sends: { path, json },
          checks: [status(200), has(field), header('x-correlation-id', /./)],
        }),
      ),
      {
        title: 'A request that the service refuses',
        shows: "The service's 422 is its caller's: no retry, and no failure to the breaker.",
        sends: { path: '/api/v1/forecast/demand', json: { product_id: 'sku-1001', horizon_days: 91 } },
        checks: [status(422), value('detail.0.loc.1', 'horizon_days')],
      },
      {
        title: 'A hiccup',
        shows: 'The first attempt failed with 500, the second did not: the caller sees it in a header alone.',
        before: [{ kind: 'fault', at: 'fraud-service', fault: 'status=500,times=1', path: '/api/v1/fraud' }],
        sends: { path: '/api/v1/fraud/score', json: { transaction_id: 't-2', amount: 20 } },
        checks: [status(200), value('decision', 'approve'), header('x-gatehouse-attempts', '2')],
      },
      {
        title: "StillMe's search",
        shows: 'STILLME_BACKEND has its paths below /api.',
        sends: { path: '/api/search', json: { query: 'circuit breaker', user_id: 'test' } },
        // Five a second: whoever has just walked through the limits waits for one.
        until: { timesMax: 20, pauseMs: 250 },
        checks: [status(200), has('results.0.id')],
      },
    ],
  },
  {
    id: 'infer',
    title: 'Inference with mutual fallback',
    about: 'Two services in two languages, each the fallback of the other.',
    steps: [
      {
        title: 'Python',
        shows: 'POST /infer/python became POST /infer of the service in Python.',
        sends: { path: '/infer/python', json: INFERENCE },
        checks: [status(200), value('service', 'service-python'), value('output', 'echo: hello')],
      },
      {
        title: 'Node',
        shows: 'And this one the service in Node.',
        sends: { path: '/infer/node', json: INFERENCE },
        checks: [status(200), value('service', 'service-node')],
      },
      {
        title: 'Python is stopped',
        shows: 'Node answers for it.',
        before: [{ kind: 'stop', server: 'python' }],
        sends: { path: '/infer/python', json: INFERENCE },
        checks: [status(200), value('service', 'service-node'), header('x-gatehouse-attempts', /^[2-9]$/)],
      },
      {
        title: 'Python is back',
        shows: ({ sent }) => `It answers for itself again (request ${sent}).`,
        before: [{ kind: 'start', server: 'python' }],
        sends: { path: '/infer/python', json: INFERENCE },
        until: { timesMax: 100, pauseMs: 100 },
        checks: [status(200), value('service', 'service-python')],
      },
    ],
  },
  {
    id: 'village',
    title: 'Twin, agent controller, knowledge system',
    about:
      'A second gateway, started with TWIN_URL, AGENT_CONTROLLER_URL and KNOWLEDGE_SYSTEM_URL: they take the paths that the first one answers itself.',
    steps: [
      {
        title: 'The Twin',
        shows: 'POST /v1/chat is passed to the Twin as it is.',
        sends: { to: 'village', path: '/v1/chat', json: { message: 'Hello, Twin', conversation_id: 'c-1' } },
        checks: [status(200), value('agent', 'twin'), value('conversation_id', 'c-1')],
      },
      {
        title: 'The agent controller',
        shows: 'POST /v1/query: an answer with its sources.',
        sends: { to: 'village', path: '/v1/query', json: QUERY },
        checks: [status(200), value('answered_by', 'agent_controller'), value('answer', /Paris/), has('sources.0.id')],
      },
      {
        title: 'The agent controller is stopped',
        shows: 'The knowledge system answers the same question: less, and not nothing.',
        before: [{ kind: 'stop', server: 'agent_controller' }],
        sends: { to: 'village', path: '/v1/query', json: QUERY },
        checks: [status(200), value('answered_by', 'knowledge_system'), value('answer', /Paris/)],
      },
      {
        title: 'What its health says',
        shows: 'Each service with its status, the code of its last probe and how long that took.',
        sends: { to: 'village', path: '/healthz', key: null },
        focus: ['status', 'timestamp', 'services', 'gateway'],
        until: { timesMax: 100, pauseMs: 100 },
        checks: [
          status(200),
          value('status', 'degraded'),
          value('services.twin.status_code', 200),
          value('services.agent_controller.status', 'unhealthy'),
        ],
      },
    ],
  },
];

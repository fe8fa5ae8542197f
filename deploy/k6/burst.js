// A burst: from a steady rate to PEAK times as much within seconds, and back. What is over a limit must be refused with 429 and a Retry-After, what is
// over the capacity with 503, and neither may last: `k6 run --summary-export=burst.json deploy/k6/burst.js`.
import { check } from 'k6';
import http from 'k6/http';
import { Rate } from 'k6/metrics';

const BASE = __ENV.BASE_URL || 'http://localhost:8080';
const RATE = Number(__ENV.RATE || 150);
const PEAK = Number(__ENV.PEAK || 10);
const PAYLOAD = JSON.stringify({ prompt: 'hello world' });
const HEADERS = Object.assign({ 'Content-Type': 'application/json' }, __ENV.API_KEY ? { Authorization: `Bearer ${__ENV.API_KEY}` } : {});

// Refusals are what a limit is for: they are counted apart, and are no failures.
http.setResponseCallback(http.expectedStatuses(200, 429, 503));
const refused = new Rate('refused');
const refusedWithoutWord = new Rate('refused_without_retry_after');

export const options = {
  scenarios: {
    burst: {
      executor: 'ramping-arrival-rate',
      startRate: RATE,
      timeUnit: '1s',
      preAllocatedVUs: 300,
      maxVUs: 2000,
      stages: [
        { target: RATE, duration: '20s' },
        { target: RATE * PEAK, duration: '5s' },
        { target: RATE * PEAK, duration: '20s' },
        { target: RATE, duration: '5s' },
        { target: RATE, duration: '30s' },
      ],
    },
  },
  thresholds: {
    http_req_failed: ['rate<0.001'],
    http_req_duration: ['p(95)<400'],
    refused_without_retry_after: ['rate<0.001'],
  },
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)'],
  tags: { test_stage: 'burst' },
};

export default function () {
  const reply = http.post(`${BASE}/infer/python`, PAYLOAD, { headers: HEADERS });
  const isRefused = reply.status === 429 || reply.status === 503;
  refused.add(isRefused);
  if (isRefused) refusedWithoutWord.add(reply.headers['Retry-After'] === undefined);
  check(reply, { 'answered or refused': (r) => r.status === 200 || isRefused });
}

// The high-performance gateway's baseline load test, against Gatehouse: `k6 run --summary-export=baseline.json deploy/k6/baseline.js`.
// BASE_URL, RATE (requests a second), DURATION and API_KEY change what is asked; the defaults are the original's.
import { check } from 'k6';
import http from 'k6/http';

const BASE = __ENV.BASE_URL || 'http://localhost:8080';
const RATE = Number(__ENV.RATE || 150);
const PAYLOAD = JSON.stringify({ prompt: 'hello world' });
const HEADERS = Object.assign({ 'Content-Type': 'application/json' }, __ENV.API_KEY ? { Authorization: `Bearer ${__ENV.API_KEY}` } : {});

export const options = {
  scenarios: {
    warmup: {
      executor: 'constant-arrival-rate',
      rate: Math.ceil(RATE / 3),
      timeUnit: '1s',
      duration: '30s',
      preAllocatedVUs: 50,
      maxVUs: 100,
      startTime: '0s',
    },
    baseline: {
      executor: 'constant-arrival-rate',
      rate: RATE,
      timeUnit: '1s',
      duration: __ENV.DURATION || '2m',
      preAllocatedVUs: 200,
      maxVUs: 300,
      startTime: '30s',
    },
  },
  thresholds: {
    http_req_failed: ['rate<0.001'],
    http_req_duration: ['p(95)<140', 'p(99)<400'],
  },
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)'],
  tags: { test_stage: 'baseline' },
};

// A constant arrival rate paces by itself: the original's sleep after each request only kept users busy.
export default function () {
  const reply = http.post(`${BASE}/infer/python`, PAYLOAD, { headers: HEADERS });
  check(reply, { 'status 200': (r) => r.status === 200 });
}

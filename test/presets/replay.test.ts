/*
 * The commands of the older gateways' documents, run as they stand against the preset that took over: port, key and pipeline included. Each
 * is answered with the status, the headers and the JSON that its document shows, and none is left out: a command that no table here knows
 * fails.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type CommandResult, curlAvailable } from '../harness/curl.ts';
import { redisAvailable } from '../harness/redis.ts';
import { commandsOf, exampleOf, isCurl, programOf } from './documented-commands.ts';
import { ORIGINALS, type Original, securityHeadersOf } from './originals.ts';
import { shapeDifferences, valueAt } from './shape.ts';
import { type Backstage, type Stage, setStage, startBackstage } from './stage.ts';

const JSON_TYPE = 'application/json';
const PROMETHEUS = 'text/plain';

interface Wanted {
  readonly type: typeof JSON_TYPE | typeof PROMETHEUS;
  /** Words above the JSON block that shows the answer. */
  readonly shown?: string;
  /** Where the answer has the very value that is shown. */
  readonly same?: readonly string[];
  /** What the document says of the answer in words, as places in it. */
  readonly has?: readonly string[];
  /** In which the shape is not yet as shown, and nothing else. */
  readonly notYet?: readonly string[];
  /** The same, where the command names no user. */
  readonly withoutUser?: readonly string[];
  /** What is printed, where the command itself makes of the answer something else than JSON. */
  readonly prints?: readonly RegExp[];
  /** Not asked of the gateway, but of what is behind it. */
  readonly behind?: true;
}

const HEALTHY: Wanted = {
  type: JSON_TYPE,
  shown: 'curl -s http://localhost:8080/healthz | jq .',
  same: ['ok', 'service'],
  // "Returns gateway uptime and backend status"
  has: ['services.python.status_code', 'services.node.status_code'],
};
const VILLAGE_HEALTH: Wanted = {
  type: JSON_TYPE,
  shown: '### Health Check Response',
  same: ['services.twin.status', 'gateway.environment'],
};
const PLATFORM_METRICS: Wanted = {
  type: PROMETHEUS,
  // Request count, error count, authentication failures, latency with its quantiles.
  prints: [
    /^http_requests_total\{/m,
    /^# TYPE http_request_errors_total counter/m,
    /auth\w*failures_total/,
    /^http_request_duration_seconds_bucket\{/m,
  ],
};
const LAB_INFERENCE: Wanted = { type: JSON_TYPE, has: ['output'] };

/** By the first line of a command. */
const WANTED: Readonly<Record<string, Readonly<Record<string, Wanted>>>> = {
  stillme: {
    'curl http://localhost:8080/health': { type: JSON_TYPE, has: ['status'] },
    'curl -X POST http://localhost:8080/api/chat': { type: JSON_TYPE, has: ['response', 'user_id'] },
    'curl http://localhost:8080/api/metrics': {
      type: JSON_TYPE,
      has: [
        'latency.p50_ms',
        'latency.p95_ms',
        'latency.p99_ms',
        'throughput.requests_per_second',
        'error_rate',
        'cache.hit_rate',
        'circuit_breaker.state_changes',
      ],
    },
    'curl http://localhost:8081/health': { type: JSON_TYPE, has: ['status'] },
    'curl http://localhost:1216/health': { type: JSON_TYPE, behind: true },
    'curl http://localhost:11434/api/tags': { type: JSON_TYPE, has: ['models'], behind: true },
  },
  'ai-microservices': {
    'curl http://localhost:8080/metrics': {
      type: PROMETHEUS,
      prints: [
        /^http_requests_total\{/m,
        /^http_request_duration_seconds_bucket\{/m,
        /^circuit_breaker_state\{service="recommendation-service"\} 0/m,
      ],
    },
    'curl http://localhost:8080/health': {
      type: JSON_TYPE,
      shown: '### Health Check',
      same: ['status', 'service', 'checks.redis', 'checks.qdrant'],
    },
    'curl http://localhost:8080/circuit-breakers': {
      type: JSON_TYPE,
      shown: '### Circuit Breaker Status',
      same: ['recommendation-service.state', 'recommendation-service.failure_count'],
    },
  },
  'ai-platform': {
    'curl http://localhost:9000/health': {
      type: JSON_TYPE,
      has: ['status', 'services.max-serve/*.status', 'checks.qdrant', 'checks.redis'],
    },
    'curl -X POST http://localhost:9000/v1/chat': {
      type: JSON_TYPE,
      shown: '### Response Structure',
      same: ['object', 'model', 'choices.0.index', 'choices.0.message.role', 'choices.0.finish_reason'],
      // Nothing was said before and no document was handed in: the answer says so.
      notYet: ['$.context.memories: empty, shown with elements', '$.context.rag_documents: empty, shown with elements'],
      // Whoever names no user is not remembered.
      withoutUser: ['$.metadata.memory_id: null, shown is string'],
    },
    'curl -X POST http://localhost:9000/v1/chat/completions': {
      type: JSON_TYPE,
      has: ['id', 'created', 'model', 'choices.0.message.content', 'choices.0.finish_reason', 'usage.total_tokens'],
    },
    'curl http://localhost:9000/metrics': PLATFORM_METRICS,
  },
  'inference-lab': {
    'curl -s http://localhost:8080/healthz | jq .': HEALTHY,
    'curl -s http://localhost:8080/healthz': HEALTHY,
    'curl -fsS http://localhost:8080/healthz': HEALTHY,
    'curl -fsS -X POST http://localhost:8080/infer/python': LAB_INFERENCE,
    'curl -fsS -X POST http://localhost:8080/infer/node': LAB_INFERENCE,
  },
  aivillage: {
    'curl -w "@curl-format.txt" http://localhost:8000/healthz': { ...VILLAGE_HEALTH, prints: [/\ntime_total: [\d.]+\n$/] },
    'curl -w "Response time: %{time_total}s\\n" http://localhost:8000/healthz': {
      ...VILLAGE_HEALTH,
      prints: [/Response time: [\d.]+s\n$/],
    },
    'curl http://localhost:8000/metrics | grep gateway_': {
      type: PROMETHEUS,
      prints: [
        /^# TYPE gateway_requests_total counter$/m,
        /^# TYPE gateway_request_duration_seconds histogram$/m,
        /^# TYPE gateway_health_check_duration_seconds histogram$/m,
        /^gateway_health_check_duration_seconds_count [1-9]/m,
      ],
    },
  },
};

/** Programs of the documents that ask the gateway nothing, by why they are no command to replay. */
const NOT_ASKED: Readonly<Record<string, string>> = {
  'start, build or test the older gateway itself':
    'docker docker-compose pip python python3 pytest uvicorn gunicorn make black flake8 mypy cd npm git k6 pkill start_gateway.bat ./start_gateway.sh',
  'look at the machine': 'ls cp echo open netstat',
  'ask Redis': 'redis-cli',
  'show a header, or a part of an answer, and run nothing':
    'Authorization: "metadata": "memory_retrieval_ms": "rag_retrieval_ms": "generation_ms": "total_latency_ms": }',
};
const NOT_ASKED_PROGRAMS = new Set(Object.values(NOT_ASKED).flatMap((programs) => programs.split(' ')));

/** Shown to be filled in by the reader. */
const ELIDED = /\s\.\.\.$/;

/** What a command is known by here: its first line, and of the flags only those that stand there. */
function nameOf(command: string): string {
  return (command.split('\n')[0] ?? '').replace(/\s*\\$/, '').replace(/ -H "Authorization.*$/, '');
}

const replayed = (original: Original) => commandsOf(original).filter((command) => isCurl(command) && !ELIDED.test(command));

describe('the tables of this test are the documents', () => {
  for (const original of ORIGINALS) {
    const { preset } = original;
    test(`${preset}: every command is replayed, or it is said why not`, () => {
      const commands = commandsOf(original);
      const known = WANTED[preset] ?? {};
      const unknown = commands.filter((command) => {
        if (isCurl(command)) return !ELIDED.test(command) && known[nameOf(command)] === undefined;
        const program = programOf(command);
        return !/^[A-Z][A-Z0-9_]*$/.test(program) && !NOT_ASKED_PROGRAMS.has(program);
      });
      expect(unknown).toEqual([]);
      // Nor does the reader of the documents overlook a line that begins with curl.
      const lines = original.text.match(/^\s*curl .*$/gm) ?? [];
      expect(commands.filter(isCurl).length).toBe(lines.length);
      // And no row is left over.
      expect(Object.keys(known).filter((name) => !replayed(original).some((command) => nameOf(command) === name))).toEqual([]);
    });
  }
});

describe.skipIf(!curlAvailable() || !redisAvailable())('commands as they stand', () => {
  let backstage: Backstage;
  beforeAll(async () => {
    backstage = await startBackstage();
  });
  afterAll(() => backstage?.[Symbol.asyncDispose]());

  for (const original of ORIGINALS) {
    describe(original.preset, () => {
      let stage: Stage;
      beforeAll(async () => {
        stage = await setStage(original.preset, backstage);
      });
      afterAll(() => stage?.[Symbol.asyncDispose]());

      for (const [index, command] of replayed(original).entries()) {
        const name = nameOf(command);
        test(`${index + 1}. ${name}`, async () => {
          const wanted = WANTED[original.preset]?.[name];
          if (wanted === undefined) throw new Error('the table has no row for it');
          const { notYet = [], withoutUser = [] } = wanted;
          const missing = command.includes('user_id') ? notYet : [...notYet, ...withoutUser];
          expectAnswer(await stage.shell.run(command), { ...wanted, notYet: missing }, original);
        });
      }
    });
  }
});

function expectAnswer(result: CommandResult, wanted: Wanted, original: Original): void {
  const { exitCode, stdout, stderr, status, headers } = result;
  expect({ exitCode, status, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, status: 200, stderr: '' });
  expect(headers.get('content-type')?.split(';')[0]).toBe(wanted.type);
  if (wanted.behind === undefined) expectHeaders(headers, original);
  for (const pattern of wanted.prints ?? []) expect(stdout).toMatch(pattern);
  if (wanted.type !== JSON_TYPE) return;

  const body: unknown = JSON.parse(wanted.prints === undefined ? stdout : stdout.slice(0, stdout.lastIndexOf('}') + 1));
  const shown = wanted.shown === undefined ? {} : exampleOf(original, wanted.shown);
  expect(shapeDifferences(shown, body)).toEqual([...(wanted.notYet ?? [])]);
  for (const path of wanted.same ?? []) {
    // Where alternatives are shown, the stage is set for the first.
    const [value] = [valueAt(shown, path)].map((one) => (typeof one === 'string' ? one.split('|')[0] : one));
    expect([path, valueAt(body, path)]).toEqual([path, value]);
  }
  for (const path of wanted.has ?? []) expect([path, valueAt(body, path)]).not.toEqual([path, undefined]);
}

/** The security headers of its document, whoever asks; and an id to ask about. Strict-Transport-Security is for those who came by https. */
function expectHeaders(headers: Headers, original: Original): void {
  expect(headers.get('x-correlation-id')).toMatch(/^[\w-]{20,}$/);
  for (const [name, value] of securityHeadersOf(original)) {
    if (name !== 'Strict-Transport-Security') expect([name, headers.get(name)]).toEqual([name, value]);
  }
  // Of which only the kind is shown: `[restrictive policy]`.
  for (const [, name = ''] of original.text.matchAll(/^- `([\w-]+): \[[\w ]+\]`$/gm))
    expect([name, headers.get(name)]).not.toEqual([name, null]);
}

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createManualClock } from '../base/manual-clock.ts';
import { type AccessRecord, accessJson } from './access-line.ts';
import { createLog } from './log.ts';
import { type LogConfig, telemetryConfig } from './telemetry-config.ts';

const defaults = telemetryConfig.parse({}).log;

function createTestLog(config: Partial<LogConfig> = {}, terminal = false) {
  const clock = createManualClock(Date.parse('2025-11-27T10:30:00.007Z'));
  let text = '';
  const output = {
    async write(batch: string) {
      text += batch;
    },
  };
  const log = createLog({ ...defaults, ...config }, { output, clock, terminal });
  const lines = async (): Promise<string[]> => {
    await log.flush(1_000);
    return text.split('\n').slice(0, -1);
  };
  const entries = async () => (await lines()).map((line) => JSON.parse(line));
  return { log, lines, entries };
}

const record: AccessRecord = {
  nowMs: Date.parse('2025-11-27T10:30:00.007Z'),
  correlationId: 'abc-123-def',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  method: 'POST',
  path: '/api/v1/recommendations',
  status: 200,
  durationMs: 145.2349,
  route: '/api/v1/recommendations/*',
  address: '192.0.2.1',
  outcome: 'complete',
  bytesSent: 321,
  principal: 'key:dev',
  tenant: 'default',
  provider: undefined,
  target: 'recommendation',
  model: undefined,
  attempts: 2,
  firstTokenMs: undefined,
  cache: 'miss',
  queueMs: undefined,
  inputTokens: 0,
  outputTokens: undefined,
  error: undefined,
};

describe('a log line', () => {
  test('is JSON with the documented names', async () => {
    const { log, entries } = createTestLog();
    log.info('Listening', { port: 8080, api_key: 'hunter2-hunter2' });
    expect(await entries()).toEqual([
      { timestamp: '2025-11-27T10:30:00.007Z', level: 'INFO', message: 'Listening', port: 8080, api_key: '[redacted]' },
    ]);
  });

  for (const [level, want] of [
    ['debug', ['DEBUG', 'INFO', 'WARN', 'ERROR']],
    ['info', ['INFO', 'WARN', 'ERROR']],
    ['warn', ['WARN', 'ERROR']],
    ['error', ['ERROR']],
    ['silent', []],
  ] as const) {
    test(`is written from the level ${level} up`, async () => {
      const { log, entries } = createTestLog({ level });
      log.debug('x');
      log.info('x');
      log.warn('x');
      log.error('x');
      expect((await entries()).map((entry) => entry.level)).toEqual([...want]);
    });
  }

  test('stays one line and parses, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { noNullPrototype: true }),
        async (message, fields) => {
          const { log, lines } = createTestLog();
          log.warn(`${message}\r\n\u2028\u0085forged`, fields);
          const written = await lines();
          expect(written.length).toBe(1);
          expect(written[0]).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
          expect(JSON.parse(written[0] ?? '')).toMatchObject({ level: 'WARN' });
        },
      ),
    );
  });

  test('cannot have its own fields overwritten by a caller of the log', async () => {
    const { log, entries } = createTestLog();
    log.info('real', { message: 'forged', level: 'ERROR' });
    expect(await entries()).toEqual([
      { timestamp: expect.any(String), level: 'INFO', message: 'real', message_: 'forged', level_: 'ERROR' },
    ]);
  });

  test('is for people on a terminal, and holds no control characters of others there', async () => {
    const { log, lines } = createTestLog({ format: 'auto' }, true);
    log.info('hello\u001b[2J\nworld', { name: 'a\u0007b' });
    const [line = '', ...more] = await lines();
    expect(more).toEqual([]);
    expect(line).toContain('hello\\u001b[2J\\u000aworld');
    expect(line).toContain('name=a\\u0007b');
  });
});

describe('the access log', () => {
  test('has the field names of the AI microservices gateway first, and leaves out what is not known', () => {
    const line = accessJson(record, '2025-11-27T10:30:00.007Z');
    expect(Object.keys(JSON.parse(line)).slice(0, 8)).toEqual([
      'timestamp',
      'level',
      'message',
      'correlation_id',
      'method',
      'path',
      'status_code',
      'duration_ms',
    ]);
    expect(JSON.parse(line)).toEqual({
      timestamp: '2025-11-27T10:30:00.007Z',
      level: 'INFO',
      message: 'Request completed',
      correlation_id: 'abc-123-def',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      method: 'POST',
      path: '/api/v1/recommendations',
      status_code: 200,
      duration_ms: 145.23,
      route: '/api/v1/recommendations/*',
      address: '192.0.2.1',
      outcome: 'complete',
      bytes: 321,
      principal: 'key:dev',
      tenant: 'default',
      target: 'recommendation',
      attempts: 2,
      cache: 'miss',
      input_tokens: 0,
    });
  });

  test('has a cost as a number, however small', () => {
    for (const [costUsd, want] of [
      ['0', 0],
      ['0.000000001', 1e-9],
      ['12.5', 12.5],
    ] as const) {
      expect(JSON.parse(accessJson({ ...record, costUsd }, 'x')).cost_usd).toBe(want);
    }
  });

  test('parses and stays one line, whatever a caller sent', () => {
    const text = fc.string({ unit: 'binary', maxLength: 3_000 });
    fc.assert(
      fc.property(text, text, text, text, (path, correlationId, principal, model) => {
        const line = accessJson({ ...record, path: `/${path}`, correlationId, principal, model }, 'x');
        expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
        expect(JSON.parse(line).principal).toBe(principal.toWellFormed() === principal ? principal : JSON.parse(JSON.stringify(principal)));
      }),
    );
  });

  test('cuts out a credential that strayed into a path', () => {
    const line = accessJson({ ...record, path: '/v1/models/sk-proj-abcdefghijkl' }, 'x');
    expect(JSON.parse(line).path).toBe('/v1/models/[redacted]');
  });

  for (const { name, status, outcome, level } of [
    { name: 'a success', status: 200, outcome: 'complete', level: 'INFO' },
    { name: 'an ordinary refusal', status: 404, outcome: 'complete', level: 'INFO' },
    { name: 'a caller who left', status: 499, outcome: 'client_closed', level: 'INFO' },
    { name: 'a rate limit', status: 429, outcome: 'complete', level: 'WARN' },
    { name: 'a bad key', status: 401, outcome: 'complete', level: 'WARN' },
    { name: 'a failure', status: 502, outcome: 'complete', level: 'ERROR' },
    { name: 'a cut stream', status: 200, outcome: 'cut', level: 'ERROR' },
  ]) {
    test(`has the level ${level} for ${name}`, () => {
      expect(JSON.parse(accessJson({ ...record, status, outcome }, 'x')).level).toBe(level);
    });
  }

  test('obeys the level, and can be off', async () => {
    const quiet = createTestLog({ level: 'error' });
    quiet.log.access(record);
    quiet.log.access({ ...record, status: 500 });
    expect((await quiet.entries()).length).toBe(1);
    const off = createTestLog({ access: false });
    off.log.access(record);
    off.log.info('other lines are written');
    expect((await off.entries()).length).toBe(1);
  });

  test('is short for people', async () => {
    const { log, lines } = createTestLog({ format: 'pretty' });
    log.access(record);
    expect(await lines()).toEqual([
      '10:30:00.007 INFO  POST /api/v1/recommendations 200 145.2ms correlation_id=abc-123-def principal=key:dev target=recommendation attempts=2 cache=miss input_tokens=0',
    ]);
  });
});

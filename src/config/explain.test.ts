import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseBytes, parseDuration } from '../base/units.ts';
import { explain } from './explain.ts';
import { loadConfig } from './load.ts';
import { formatQuantity } from './quantity.ts';

function load(yaml: string, environment: Record<string, string> = {}) {
  const readFile = async (path: string) => {
    if (path === '/w/gatehouse.yaml') return yaml;
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  };
  return loadConfig({ environment, source: { cwd: '/w', userConfigFolder: '/h', readFile } });
}

test('every value is shown with its origin, sorted, in units that people read', async () => {
  const rows = explain(await load('server: { port: 9 }\n', { LOG_LEVEL: 'DEBUG' }));
  expect(rows.map(({ path }) => path)).toEqual(rows.map(({ path }) => path).toSorted());
  const byPath = new Map(rows.map((row) => [row.path, row]));
  expect(byPath.get('server.port')).toEqual({ path: 'server.port', value: 9, origin: 'gatehouse.yaml:1:17' });
  expect(byPath.get('server.body_timeout')).toEqual({ path: 'server.body_timeout', value: '30s', origin: 'default' });
  expect(byPath.get('server.body_bytes_max')?.value).toBe('32MiB');
  expect(byPath.get('telemetry.log.level')).toEqual({ path: 'telemetry.log.level', value: 'debug', origin: 'env LOG_LEVEL' });
});

test('one part can be asked for', async () => {
  const rows = explain(await load(''), ['limits', 'default']);
  expect(rows.map(({ path }) => path)).toEqual(['limits.default.per_hour', 'limits.default.per_minute']);
});

test('no secret is ever shown, wherever it came from', async () => {
  const canary = fc.stringMatching(/^[a-z0-9]{20,40}$/).map((text) => `c4n4ry${text}`);
  await fc.assert(
    fc.asyncProperty(canary, canary, async (one, two) => {
      const yaml = `
auth:
  keys: [{ name: plain, key: "${one}" }, { name: through, key: "\${THE_KEY}" }]
  jwt: { secret: "${one}" }
state: { counters: "redis://user:${one}@r:6379", cache: "rediss://:${two}@r" }
providers:
  openai: { api_key: "\${THE_KEY}", headers: { X-Org: "${one}", Authorization: "Bearer ${two}" }, base_url: "https://${one}:${two}@h/v1?api_key=${one}" }
services:
  a: { urls: [http://h], headers: { Cookie: "${two}" } }
`;
      const rows = explain(await load(yaml, { THE_KEY: two, OTEL_EXPORTER_OTLP_HEADERS: `x-honeycomb-team=${two}` }));
      expect(rows.length).toBeGreaterThan(50);
      expect(JSON.stringify(rows)).not.toContain('c4n4ry');
    }),
    { numRuns: 20 },
  );
});

test('quantities are written so that they read back as the same', () => {
  fc.assert(
    fc.property(fc.nat(), (value) => {
      expect(parseDuration(formatQuantity(value, 'ms'))).toBe(value);
      expect(parseBytes(formatQuantity(value, 'bytes'))).toBe(value);
    }),
  );
});

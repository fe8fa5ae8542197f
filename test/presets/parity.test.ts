/*
 * Presets held against the older gateways' own documents: every variable that these name is known and does something, every default
 * that they give is the preset's, and the port is theirs.
 */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { ENVIRONMENT, type Environment, type VariableOrigin } from '../../src/config/environment.ts';
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts';
import { PRESETS } from '../../src/config/preset-config.ts';
import { systemFiles } from '../../src/config/system-source.ts';
import { type DocumentedVariable, ORIGINALS, portOf, variablesOf } from './originals.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const NAMES: Readonly<Record<string, VariableOrigin>> = {
  stillme: 'StillMe',
  'ai-microservices': 'AI microservices',
  'ai-platform': 'AI platform',
  'inference-lab': 'high-performance',
  aivillage: 'AIVillage',
};

function load(preset: string | undefined, environment: Environment = {}): Promise<LoadedConfig> {
  return loadConfig({
    environment,
    flags: preset === undefined ? [] : [{ flag: '--preset', path: 'preset', text: preset }],
    source: systemFiles({ HOME: '/nowhere' }, '/'),
  });
}

async function configOf(preset: string | undefined, environment: Environment = {}): Promise<Config> {
  return (await load(preset, environment)).config;
}

/** Keys of one's own: with them a preset listens where its original did. */
const OWN_KEYS = { API_KEY: 'a-key-of-our-own', SECRET_KEY: 'a-secret-of-our-own' };
const NEEDS_KEYS: ReadonlySet<string> = new Set(['GATEWAY_HOST']);

/** Another value than the documented one. */
function otherThan({ name, fallback = '' }: DocumentedVariable): string {
  const special: Readonly<Record<string, string>> = {
    '*': 'https://app.example.com',
    '0.0.0.0': '127.0.0.2',
    development: 'test',
    INFO: 'ERROR',
  };
  const unstated: Readonly<Record<string, string>> = {
    API_KEYS: 'a-key-of-our-own',
    DEBUG: 'true',
    HEALTH_CHECK_TIMEOUT: '7',
    LOG_LEVEL: 'ERROR',
  };
  const found = special[fallback] ?? unstated[name];
  if (found !== undefined) return found;
  if (/^\d+$/.test(fallback)) return String(Number(fallback) + 1);
  if (/^(?:true|false)$/.test(fallback)) return fallback === 'true' ? 'false' : 'true';
  if (fallback.includes('://')) return fallback.replace(/\/\/.*/, '//elsewhere.example:4321');
  return 'something-else-of-16-characters';
}

test('there is a preset for each of the five, and a file for each preset', () => {
  expect(ORIGINALS.map(({ preset }) => preset)).toEqual([...PRESETS]);
  expect(readdirSync(join(ROOT, 'presets')).sort()).toEqual(PRESETS.map((name) => `${name}.yaml`).sort());
});

test('the documents are read: how many variables each names', () => {
  const counts = ORIGINALS.map((original) => [original.preset, variablesOf(original).length]);
  expect(Object.fromEntries(counts)).toEqual({
    stillme: 3,
    'ai-microservices': 15,
    'ai-platform': 1,
    'inference-lab': 3,
    aivillage: 17,
  });
});

for (const original of ORIGINALS) {
  const { preset } = original;
  const variables = variablesOf(original);

  describe(preset, () => {
    test('may be started, and has the documented port', async () => {
      const { config, unsafe } = await load(preset);
      expect(unsafe).toEqual([]);
      expect(config.server.port).toBe(portOf(original));
    });

    test('every variable is in the table, with its origin, and in the reference', () => {
      const page = readFileSync(join(ROOT, 'docs/reference/environment.md'), 'utf8');
      for (const { name } of variables) {
        const row = ENVIRONMENT.find((candidate) => candidate.name === name);
        expect(row?.origins ?? [], `${name} is not known as a variable of this gateway`).toContain(NAMES[preset] as VariableOrigin);
        expect(page).toContain(`| \`${name}\` |`);
      }
    });

    for (const variable of variables) {
      const { name, fallback } = variable;
      const base = NEEDS_KEYS.has(name) ? OWN_KEYS : {};
      if (fallback !== undefined)
        test(`${name} is ${fallback} unless set`, async () => {
          expect(await configOf(preset, { ...base, [name]: fallback })).toEqual(await configOf(preset, base));
        });
      test(`${name} does something when set, with the preset and without`, async () => {
        const given = { ...base, [name]: otherThan(variable) };
        for (const chosen of [preset, undefined]) {
          const hasEffect = !Bun.deepEquals(await configOf(chosen, given), await configOf(chosen, base));
          expect(hasEffect, `${name} has no effect`).toBe(true);
        }
      });
    }
  });
}

describe('what the documents say in words', () => {
  test('StillMe: limits per second and address, five minutes and thirty seconds in the cache, 10 MB', async () => {
    const { limits, cache, upstream, server, providers, services } = await configOf('stillme');
    expect(limits.default).toEqual({ per_second: 100 });
    expect(limits.routes).toMatchObject([
      { match: '/api/chat', per_second: 10, by: 'ip' },
      { match: '/api/search', per_second: 5, by: 'ip' },
    ]);
    expect(cache.routes.map(({ match, ttl }) => [match, ttl])).toContainEqual(['/api/chat', 300_000]);
    expect(cache.routes.map(({ match, ttl }) => [match, ttl])).toContainEqual(['/api/tags', 30_000]);
    expect(upstream.breaker).toMatchObject({ failure_threshold: 5, timeout: 60_000, first_timeout: 60_000 });
    expect(upstream.pool.connections_max).toBe(100);
    expect([server.body_bytes_max, server.service_body_bytes_max]).toEqual([10_485_760, 10_485_760]);
    expect(providers['ollama']?.health?.path).toBe('/api/tags');
    expect(services['stillme']?.health?.path).toBe('/health');
  });

  test('AI microservices: the breaker of its document, and its seven services', async () => {
    const { upstream, services, telemetry } = await configOf('ai-microservices');
    expect(upstream.breaker).toMatchObject({ failure_threshold: 5, success_threshold: 2, timeout: 60_000, window_size: 100 });
    expect(Object.keys(services)).toHaveLength(7);
    expect(telemetry).toMatchObject({ service_name: 'api_gateway', log: { format: 'json', level: 'info' } });
  });

  test('AI platform: three keys with their tiers, the model, and metrics behind a key', async () => {
    const { auth, models, telemetry } = await configOf('ai-platform');
    expect(auth.keys.map(({ key, tier }) => [key, tier])).toEqual([
      ['sk-test-key-123', 'standard'],
      ['sk-admin-key-456', 'admin'],
      ['sk-dev-key-789', 'developer'],
    ]);
    expect(models['llama-3.3-8b-instruct']?.targets).toMatchObject([{ provider: 'max-serve' }]);
    expect(telemetry.metrics.access).toBe('key');
  });

  test('high-performance: each service is the other one’s fallback, and nothing is limited', async () => {
    const { services, limits } = await configOf('inference-lab');
    expect([services['python']?.fallback, services['node']?.fallback]).toEqual(['node', 'python']);
    expect([limits.default, limits.tiers, limits.routes]).toEqual([{}, {}, []]);
  });

  test('AIVillage: open metrics, and two years of https', async () => {
    const { telemetry, server, services } = await configOf('aivillage');
    expect(telemetry.metrics).toMatchObject({ enabled: true, access: 'public' });
    expect(server.security_headers).toMatchObject({ hsts_max_age: 63_072_000_000, hsts_preload: true });
    expect(services['agent_controller']?.fallback).toBe('knowledge_system');
  });
});

describe('a preset is a layer', () => {
  const flags = [{ flag: '--preset', path: 'preset', text: 'ai-microservices' }];
  const withFile = (yaml: string, environment: Environment = {}) =>
    loadConfig({
      environment,
      flags: yaml.includes('preset:') ? [] : flags,
      file: '/my/gatehouse.yaml',
      source: {
        ...systemFiles({ HOME: '/nowhere' }, '/my'),
        readFile: async (path) => (path === '/my/gatehouse.yaml' ? yaml : readFileSync(path, 'utf8')),
      },
    });

  test('over the defaults and below the file, value by value', async () => {
    const { config } = await withFile('limits: { default: { per_minute: 5 } }\nservices: { pricing-service: { timeout: 3s } }\n');
    expect(config.limits.default).toEqual({ per_minute: 5, per_hour: 1_000 });
    expect(config.services['pricing-service']).toMatchObject({ urls: ['http://pricing:8003'], timeout: 3_000 });
    expect(Object.keys(config.services)).toHaveLength(7);
  });

  test('a list of the file replaces the one of the preset', async () => {
    const { config } = await withFile('services: { pricing-service: { urls: [http://a:1, http://b:2] } }\n');
    expect(config.services['pricing-service']?.urls).toEqual(['http://a:1', 'http://b:2']);
  });

  test('and null takes away what the preset gives', async () => {
    const { config } = await withFile('preset: aivillage\nauth: { jwt: { secret: null, jwks_url: "https://id.example/keys" } }\n');
    expect(config.auth.jwt).toMatchObject({ jwks_url: 'https://id.example/keys' });
    expect(config.auth.jwt?.secret).toBeUndefined();
    const { config: other } = await withFile('preset: inference-lab\nservices: { python: { fallback: ~ } }\n');
    expect(other.services['python']?.fallback).toBeUndefined();
  });

  test('the file may name it, the environment may name another, and a flag wins', async () => {
    const named = await withFile('preset: inference-lab\n');
    expect(named.config.preset).toBe('inference-lab');
    expect(Object.keys(named.config.services)).toEqual(['python', 'node']);
    const other = await withFile('preset: inference-lab\n', { GATEHOUSE_PRESET: 'aivillage' });
    expect(other.config.server.port).toBe(8_000);
    const flagged = await loadConfig({ environment: { GATEHOUSE_PRESET: 'aivillage' }, flags, source: systemFiles({}, '/nowhere') });
    expect(flagged.config.preset).toBe('ai-microservices');
  });

  test('and each value says where it came from', async () => {
    const loaded = await withFile('limits: { default: { per_minute: 5 } }\n', { PORT: '1' });
    expect(loaded.originOf(['limits', 'default', 'per_minute'])).toMatchObject({ kind: 'file', line: 1 });
    expect(loaded.originOf(['limits', 'default', 'per_hour'])).toMatchObject({ kind: 'preset', name: 'ai-microservices' });
    expect(loaded.originOf(['server', 'port'])).toEqual({ kind: 'env', name: 'PORT' });
    expect(loaded.originOf(['upstream', 'balance'])).toEqual({ kind: 'default' });
  });
});

describe('where it listens', () => {
  const hostOf = async (preset: string, environment: Environment) => {
    const { config, unsafe } = await load(preset, environment);
    return unsafe.length > 0 ? `refused: ${unsafe.map(({ path }) => path).join(' ')}` : config.server.host;
  };
  for (const [preset, environment, want] of [
    ['aivillage', {}, '127.0.0.1'],
    ['aivillage', OWN_KEYS, '0.0.0.0'],
    ['aivillage', { API_KEY: 'a-key-of-our-own' }, '127.0.0.1'],
    ['aivillage', { GATEWAY_HOST: '0.0.0.0' }, 'refused: auth.keys[0].key auth.jwt.secret'],
    ['aivillage', { GATEWAY_HOST: '0.0.0.0', ...OWN_KEYS }, '0.0.0.0'],
    ['aivillage', { ENVIRONMENT: 'production' }, 'refused: auth.keys[0].key auth.jwt.secret server.cors.origins'],
    ['aivillage', { ENVIRONMENT: 'production', ...OWN_KEYS, CORS_ORIGINS: 'https://a.example' }, '0.0.0.0'],
    ['ai-platform', {}, '127.0.0.1'],
    ['ai-platform', { API_KEYS: 'sk-prod-key-1,sk-prod-key-2' }, '127.0.0.1'],
    ['ai-platform', { API_KEYS: 'a-key-of-our-own' }, '0.0.0.0'],
    ['stillme', {}, '127.0.0.1'],
    ['inference-lab', { ENVIRONMENT: 'production' }, 'refused: server.host'],
    ['inference-lab', { API_KEYS: 'a-key-of-our-own' }, '0.0.0.0'],
  ] as [string, Environment, string][]) {
    test(`${preset} with ${Object.keys(environment).join(', ') || 'nothing set'}: ${want}`, async () => {
      expect(await hostOf(preset, environment)).toBe(want);
    });
  }
});

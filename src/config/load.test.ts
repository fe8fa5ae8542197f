import { describe, expect, test } from 'bun:test';
import { configSchema } from './config.ts';
import { parsePath } from './config-path.ts';
import { ENVIRONMENT, type Environment } from './environment.ts';
import type { FlagValue } from './flags-layer.ts';
import { formatOrigin } from './layers.ts';
import { type LoadedConfig, loadConfig } from './load.ts';
import { ConfigError, formatProblem } from './problem.ts';
import { schemasAt } from './schema-fields.ts';

interface Given {
  readonly yaml?: string;
  readonly environment?: Environment;
  readonly flags?: readonly FlagValue[];
  readonly files?: Readonly<Record<string, string>>;
}

function load({ yaml, environment = {}, flags = [], files = {} }: Given): Promise<LoadedConfig> {
  const all: Record<string, string> = { ...files, ...(yaml === undefined ? {} : { '/work/gatehouse.yaml': yaml }) };
  return loadConfig({
    environment,
    flags,
    source: {
      cwd: '/work',
      userConfigFolder: '/home/me/.config',
      readFile: async (path) => {
        const text = all[path];
        if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
        return text;
      },
    },
  });
}

async function problemsOf(given: Given): Promise<string[]> {
  try {
    await load(given);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(formatProblem);
    throw error;
  }
}

const flag = (path: string, text: string): FlagValue => ({ flag: '--set', path, text });
const originIn = (loaded: LoadedConfig, path: string) => formatOrigin(loaded.originOf(parsePath(path) ?? []));

test('nothing given is the defaults', async () => {
  const loaded = await load({});
  expect(loaded.config).toEqual(configSchema.parse({}));
  expect(originIn(loaded, 'server.port')).toBe('default');
  expect(loaded.dependencies).toEqual([]);
});

describe('the highest layer wins, and says so', () => {
  const yaml = 'server:\n  port: 1111\n';
  const environment = { PORT: '2222' };
  for (const [name, given, port, origin] of [
    ['the file over the default', { yaml }, 1111, 'gatehouse.yaml:2:9'],
    ['the environment over the file', { yaml, environment }, 2222, 'env PORT'],
    ['a later variable over an earlier one', { yaml, environment: { ...environment, GATEWAY_PORT: '2323' } }, 2323, 'env GATEWAY_PORT'],
    [
      'a path variable over the table',
      { environment: { ...environment, GATEHOUSE_SERVER__PORT: '2424' } },
      2424,
      'env GATEHOUSE_SERVER__PORT',
    ],
    ['a flag over the environment', { yaml, environment, flags: [flag('server.port', '3333')] }, 3333, 'flag --set'],
    ['an empty variable is not set', { yaml, environment: { PORT: '' } }, 1111, 'gatehouse.yaml:2:9'],
  ] as [string, Given, number, string][]) {
    test(name, async () => {
      const loaded = await load(given);
      expect(loaded.config.server.port).toBe(port);
      expect(originIn(loaded, 'server.port')).toBe(origin);
    });
  }
});

test('one variable changes one value of a section with defaults of its own', async () => {
  const { config } = await load({ environment: { RATE_LIMIT_PER_MINUTE: '120', GATEHOUSE_LIMITS__TIERS__GOLD__PER_HOUR: '7' } });
  expect(config.limits.default).toEqual({ per_minute: 120, per_hour: 1_000 });
  expect(Object.keys(config.limits.tiers).sort()).toEqual(['admin', 'developer', 'gold']);
});

test('a section in the file is all there is of it', async () => {
  const { config } = await load({ yaml: 'limits: { default: { per_minute: 5 } }\n' });
  expect(config.limits.default).toEqual({ per_minute: 5 });
});

test('a section with nothing below it is an empty one', async () => {
  const { config } = await load({ yaml: 'server:\n  # port: 1\nproviders:\n  ollama:\n' });
  expect(config.server.port).toBe(8_080);
  expect(Object.keys(config.providers)).toEqual(['ollama']);
});

describe('references', () => {
  test('become what the schema asks for, and are named in the origin', async () => {
    const loaded = await load({
      yaml: 'server: { port: "${P:-9000}" }\nproviders:\n  openai: { api_key: "${file:secret}" }\n',
      files: { '/work/secret': 'sk-abc\n' },
    });
    expect(loaded.config.server.port).toBe(9_000);
    expect(loaded.config.providers['openai']?.api_key).toBe('sk-abc');
    expect(originIn(loaded, 'server.port')).toBe('gatehouse.yaml:1:17 via P');
    expect(loaded.dependencies).toEqual(['/work/gatehouse.yaml', '/work/secret']);
  });

  test('to what is missing are said where they stand, once', async () => {
    expect(await problemsOf({ yaml: 'server:\n  port: "${ONE}"\n  host: "a${file:gone}"\n' })).toEqual([
      'gatehouse.yaml:2:10: server.port: the variable ONE is not set (set it, or write ${ONE:-default})',
      'gatehouse.yaml:3:11: server.host: cannot read gone: no such file (the path is relative to the configuration file)',
    ]);
  });

  test('give a variable the meaning that the file wants, and take its own away', async () => {
    const yaml = 'auth: { keys: [{ name: mine, key: "${API_KEY}", tier: gold }] }\n';
    const { config, warnings } = await load({ yaml, environment: { API_KEY: 'sk-12345678' } });
    expect(config.auth.keys).toMatchObject([{ name: 'mine', key: 'sk-12345678', tier: 'gold' }]);
    expect(warnings).toEqual([]);
  });
});

describe('a mistake is said with its place and a hint', () => {
  for (const [name, given, want] of [
    [
      'an unknown key',
      { yaml: 'limits:\n  default:\n    per_minut: 5\n' },
      ["gatehouse.yaml:3:5: limits.default.per_minut: unknown key (did you mean 'per_minute'?)"],
    ],
    [
      'an unknown key that belongs elsewhere',
      { yaml: 'concurrent_max: 9\n' },
      ["gatehouse.yaml:1:1: concurrent_max: unknown key (did you mean 'admission.concurrent_max'?)"],
    ],
    [
      'all of them at once, in the order of the file',
      { yaml: 'server:\n  port: high\n  environment: prodution\n  body_timeout: 10x\nadmin: { enabled: yes }\n' },
      [
        'gatehouse.yaml:2:9: server.port: must be a number, not a text',
        "gatehouse.yaml:3:16: server.environment: must be one of development, production, test (did you mean 'production'?)",
        'gatehouse.yaml:4:17: server.body_timeout: must be a duration such as "500ms", "10s" or "5m"',
        'gatehouse.yaml:5:19: admin.enabled: must be true or false, not a text (write true)',
      ],
    ],
    [
      'a number out of range',
      { yaml: 'server: { port: 70000 }\n' },
      ['gatehouse.yaml:1:17: server.port: must be from 0 to 65535, not 70000'],
    ],
    [
      'a quoted number',
      { yaml: 'server: { workers: "2" }\n' },
      ['gatehouse.yaml:1:20: server.workers: must be a number, not a text (write it without quotes)'],
    ],
    ['a missing value', { yaml: 'auth:\n  keys:\n    - name: a\n' }, ['gatehouse.yaml:3:7: auth.keys[0].key: is required']],
    ['a missing value of a section', { yaml: 'services:\n  pricing: {}\n' }, ['gatehouse.yaml:2:3: services.pricing.urls: is required']],
    [
      'a section where a value is wanted',
      { yaml: 'server:\n  port: { a: 1 }\n' },
      ['gatehouse.yaml:2:3: server.port: must be a number, not a section'],
    ],
    ['a value where a section is wanted', { yaml: 'server: 5\n' }, ['gatehouse.yaml:1:9: server: must be a section, not a number']],
    [
      'a rule about a whole section',
      { yaml: 'auth:\n  jwt:\n    issuer: x\n' },
      ['gatehouse.yaml:2:3: auth.jwt: needs exactly one of secret, public_key_file and jwks_url'],
    ],
    [
      'a target without provider',
      { yaml: 'models:\n  m:\n    targets:\n      - { provider: nobody }\n' },
      ["gatehouse.yaml:4:21: models.m.targets[0].provider: there is no provider 'nobody' in providers"],
    ],
    [
      'a bad variable',
      { environment: { RATE_LIMIT_PER_MINUTE: 'many' } },
      ['env RATE_LIMIT_PER_MINUTE: limits.default.per_minute: must be a number, not a text'],
    ],
    ['a bad word in a variable', { environment: { LOG_JSON: 'perhaps' } }, ['env LOG_JSON: telemetry.log.format: must be true or false']],
    [
      'a path variable that leads nowhere',
      { environment: { GATEHOUSE_SERVER__PROT: '1' } },
      ["env GATEHOUSE_SERVER__PROT: server: nothing here is called 'prot' (did you mean 'port'?)"],
    ],
    [
      'a flag that leads nowhere',
      { flags: [flag('sever.port', '1')] },
      ["flag --set: nothing here is called 'sever' (did you mean 'server'?)"],
    ],
    ['a flag with a bad value', { flags: [flag('server.port', 'x')] }, ['flag --set: server.port: must be a number, not a text']],
    [
      'a variable on top of a value that is no section',
      { yaml: 'limits: 5\n', environment: { RATE_LIMIT_PER_HOUR: '5' } },
      ['gatehouse.yaml:1:9: limits: must be a section, not a number'],
    ],
  ] as [string, Given, string[]][]) {
    test(name, async () => {
      expect(await problemsOf(given)).toEqual(want);
    });
  }

  test('a named file that is not there', async () => {
    expect(await problemsOf({ environment: { GATEHOUSE_CONFIG: 'nowhere.yaml' } })).toEqual([
      'nowhere.yaml: there is no such file (GATEHOUSE_CONFIG names it)',
    ]);
  });

  test('a wrong secret is not repeated', async () => {
    for (const line of await problemsOf({
      yaml: 'auth: { keys: [{ name: a, key: "c4n4ry with spaces" }] }\nproviders: { openai: { api_key: [c4n4ry] } }\n',
    })) {
      expect(line).not.toContain('c4n4ry');
    }
  });
});

describe('which file', () => {
  const files = {
    '/work/gatehouse.yaml': 'server: { port: 1 }',
    '/work/other.yaml': 'server: { port: 2 }',
    '/home/me/.config/gatehouse/gatehouse.yaml': 'server: { port: 3 }',
  };
  test('GATEHOUSE_CONFIG, then the working directory, then the settings of the user', async () => {
    expect((await load({ files, environment: { GATEHOUSE_CONFIG: 'other.yaml' } })).file).toBe('/work/other.yaml');
    expect((await load({ files })).file).toBe('/work/gatehouse.yaml');
    const { '/work/gatehouse.yaml': _, ...rest } = files;
    expect((await load({ files: rest })).config.server.port).toBe(3);
  });
});

describe('the table of variables', () => {
  for (const { name, paths } of ENVIRONMENT) {
    test(`${name} names settings that exist`, () => {
      for (const path of paths) expect(schemasAt(configSchema, parsePath(path) ?? [])).not.toBeEmpty();
    });
  }

  for (const [environment, path, want] of [
    [{ REDIS_URL: 'redis://r:6379/0' }, 'state', { counters: 'redis://r:6379/0', cache: 'redis://r:6379/0' }],
    [{ RATE_LIMIT_REQUESTS: '100' }, 'limits.default', { per_minute: 100 }],
    [{ RATE_LIMIT_REQUESTS: '100', RATE_LIMIT_WINDOW: '60' }, 'limits.default', { per_minute: 100 }],
    [{ RATE_LIMIT_WINDOW: '30' }, 'limits.default', { per_minute: 200 }],
    [{ RATE_LIMIT_REQUESTS: '5', RATE_LIMIT_WINDOW: '1' }, 'limits.default', { per_second: 5 }],
    [{ RATE_LIMIT_REQUESTS: '100', RATE_LIMIT_WINDOW: '10' }, 'limits.default', { per_minute: 600 }],
    [{ RATE_LIMIT_REQUESTS: '100', RATE_LIMIT_WINDOW: '3600' }, 'limits.default', { per_hour: 100 }],
    [{ RATE_LIMIT_REQUESTS: '100', RATE_LIMIT_PER_HOUR: '900' }, 'limits.default', { per_minute: 100, per_hour: 900 }],
    [
      { CIRCUIT_BREAKER_FAILURE_THRESHOLD: '7', CIRCUIT_BREAKER_TIMEOUT: '60' },
      'upstream.breaker',
      { failure_threshold: 7, timeout: 60_000, first_timeout: 60_000 },
    ],
    [{ CIRCUIT_BREAKER_TIMEOUT: '500ms' }, 'upstream.breaker', { timeout: 500, first_timeout: 500 }],
    [{ HEALTH_CHECK_TIMEOUT: '2.5' }, 'upstream.health', { timeout: 2_500 }],
    [{ LOG_LEVEL: 'WARNING', LOG_JSON: 'true' }, 'telemetry.log', { level: 'warn', format: 'json' }],
    [{ DEBUG: 'true' }, 'telemetry.log', { level: 'debug' }],
    [{ DEBUG: 'true', LOG_LEVEL: 'ERROR' }, 'telemetry.log', { level: 'error' }],
    [{ DEBUG: 'express:*' }, 'telemetry.log', { level: 'info' }],
    [{ ENVIRONMENT: 'prod' }, 'server', { environment: 'production' }],
    [
      { GATEWAY_HOST: '::1', CORS_ORIGINS: 'https://a.example,https://b.example' },
      'server',
      { host: '::1', cors: { origins: ['https://a.example', 'https://b.example'] } },
    ],
    [{ ENABLE_METRICS: 'false' }, 'telemetry.metrics', { enabled: false }],
    [{ SECRET_KEY: 'a-secret-of-16-chars' }, 'auth.jwt', { secret: 'a-secret-of-16-chars' }],
    [
      { API_KEYS: 'sk-prod-key-1, sk-prod-key-2:admin' },
      'auth.keys',
      [
        { name: 'api-keys-1', key: 'sk-prod-key-1', tier: 'standard', admin: false },
        { name: 'api-keys-2', key: 'sk-prod-key-2', tier: 'admin', admin: true },
      ],
    ],
    [
      { API_KEYS: 'sk-prod-key-1', API_KEY: 'sk-prod-key-2' },
      'auth.keys',
      [{ key: 'sk-prod-key-1' }, { name: 'api-key', key: 'sk-prod-key-2' }],
    ],
    [{ API_KEYS: 'sk-prod-key-1', API_KEY: 'sk-prod-key-1' }, 'auth.keys', [{ name: 'api-keys-1' }]],
    [{ OPENAI_API_KEY: 'sk-o' }, 'providers', { openai: { api_key: 'sk-o' } }],
    [{ OLLAMA_HOST: '0.0.0.0' }, 'providers', { ollama: { base_url: 'http://127.0.0.1:11434/v1' } }],
    [{ OLLAMA_BACKEND: 'http://ollama:11434/' }, 'providers', { ollama: { base_url: 'http://ollama:11434/v1' } }],
    [{ MAX_SERVE_URL: 'https://max.example/v2' }, 'providers', { 'max-serve': { base_url: 'https://max.example/v2' } }],
    [{ VLLM_URL: 'http://gpu:8000', VLLM_API_KEY: 'k' }, 'providers', { vllm: { base_url: 'http://gpu:8000/v1', api_key: 'k' } }],
    [{ GATEHOUSE_PROVIDERS__MAX_SERVE__BASE_URL: 'http://m:1/v1' }, 'providers', { 'max-serve': { base_url: 'http://m:1/v1' } }],
    [
      { PRICING_SERVICE_URL: 'http://pricing:8003' },
      'services',
      { 'pricing-service': { urls: ['http://pricing:8003'], routes: ['POST /api/v1/pricing/*'] } },
    ],
    [{ PY_SERVICE_URL: 'http://py:1' }, 'services', { python: { urls: ['http://py:1'], rewrite: '/infer' } }],
    [
      { PY_SERVICE_URL: 'http://py:1', NODE_SERVICE_URL: 'http://n:1,http://n:2' },
      'services',
      { python: { fallback: 'node' }, node: { fallback: 'python', urls: ['http://n:1', 'http://n:2'] } },
    ],
    [
      { AGENT_CONTROLLER_URL: 'http://a:1', KNOWLEDGE_SYSTEM_URL: 'http://k:1' },
      'services',
      {
        agent_controller: { routes: ['POST /v1/query'], fallback: 'knowledge_system', retries: { attempts_max: 1 } },
        knowledge_system: { routes: [], health: { path: '/health', accept: 'below_500' } },
      },
    ],
    [{ KNOWLEDGE_SYSTEM_URL: 'http://k:1' }, 'services', { knowledge_system: { routes: ['POST /v1/query'] } }],
    [{ AGENT_CONTROLLER_URL: 'http://a:1' }, 'services', { agent_controller: { routes: ['POST /v1/query'] } }],
    [
      { STILLME_BACKEND: 'http://s:1' },
      'limits.routes',
      [
        { match: '/api/chat', per_second: 10, by: 'ip' },
        { match: '/api/search', per_second: 5, by: 'ip' },
        { match: '/api/*', per_second: 100, by: 'ip' },
      ],
    ],
    [{ QDRANT_URL: 'http://q:6333' }, 'state', { vectors: 'http://q:6333' }],
    [{ MAX_SERVE_URL: 'http://max:8000' }, 'providers', { 'max-serve': { health: { path: '/v1/health', accept: 'below_500' } } }],
    [{ OLLAMA_BACKEND: 'http://ollama:11434' }, 'providers', { ollama: { health: { path: '/api/tags' } } }],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x,a=b=c' },
      'telemetry.traces',
      { otlp_endpoint: 'http://c:4318', headers: { authorization: 'Bearer x', a: 'b=c' } },
    ],
    [{ MAX_FILE_SIZE: '2048', ENABLE_FILE_UPLOAD: 'no' }, 'uploads', { enabled: false, bytes_max: 2_048 }],
    [{ QDRANT_URL: 'http://q:6333' }, 'state', { vectors: 'http://q:6333' }],
  ] as [Environment, string, object][]) {
    test(`${Object.entries(environment)
      .map((entry) => entry.join('='))
      .join(' ')} gives ${path}`, async () => {
      const { config } = await load({ environment });
      let value: unknown = config;
      for (const segment of parsePath(path) ?? []) value = (value as Record<string | number, unknown>)[segment];
      expect(value).toMatchObject(want);
    });
  }

  test('a key alone adds no server that only its operator can know', async () => {
    expect((await load({ environment: { VLLM_API_KEY: 'k' } })).config.providers).toEqual({});
  });

  test('a file that lists its providers is not added to, only filled in', async () => {
    const { config } = await load({
      yaml: 'providers: { openai: {} }\n',
      environment: { OPENAI_API_KEY: 'sk-o', VLLM_URL: 'http://gpu:8000' },
    });
    expect(Object.keys(config.providers)).toEqual(['openai']);
    expect(config.providers['openai']?.api_key).toBe('sk-o');
  });

  test('a service of the file that answers the route only gets the address', async () => {
    const yaml = 'services:\n  prices: { urls: [http://a:1], routes: ["POST /api/v1/pricing/*"], timeout: 3s }\n';
    const { config } = await load({ yaml, environment: { PRICING_SERVICE_URL: 'http://b:2' } });
    expect(config.services).toMatchObject({ prices: { urls: ['http://b:2'], timeout: 3_000 } });
    expect(Object.keys(config.services)).toEqual(['prices']);
  });

  test('keys of the environment replace those of the file, and say so', async () => {
    const { config, warnings } = await load({
      yaml: 'auth: { keys: [{ name: a, key: abcdefgh }] }\n',
      environment: { API_KEY: 'sk-12345678' },
    });
    expect(config.auth.keys.map(({ name }) => name)).toEqual(['api-key']);
    expect(warnings).toEqual(['API_KEY replaces auth.keys of the file']);
  });
});

test('every value of a full configuration knows where it came from', async () => {
  const loaded = await load({ yaml: 'cache: { routes: [{ match: /a }] }\n', environment: { PORT: '1' } });
  expect(originIn(loaded, 'cache.routes[0].match')).toBe('gatehouse.yaml:1:28');
  expect(originIn(loaded, 'cache.routes[0].ttl')).toBe('default');
  expect(originIn(loaded, 'cache')).toBe('gatehouse.yaml:1:28');
  expect(originIn(loaded, 'server')).toBe('env PORT');
  expect(originIn(loaded, 'limits')).toBe('default');
});

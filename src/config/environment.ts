/*
 * Environment variables that mean something: those of the five older gateways, those that providers and OpenTelemetry are known
 * by, and ours. docs/reference/environment.md is made of this table.
 *
 * Beside the table, every setting has a variable of its own: `GATEHOUSE_`, then its path in capitals with `__` between the parts
 * (`GATEHOUSE_SERVER__PORT`); those win over the table. A variable that the configuration file refers to as `${NAME}` means what
 * the file makes of it, and nothing else.
 */

import { parseSwitch } from './coercion.ts';
import type { ConfigPath, Tree } from './config-path.ts';
import { providerVariables } from './provider-variables.ts';
import { serviceVariables } from './service-variables.ts';

/** Where a variable comes from: an older gateway, custom, or this one. */
export type VariableOrigin = 'StillMe' | 'AI microservices' | 'AI platform' | 'high-performance' | 'AIVillage' | 'custom' | 'Gatehouse';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ReadContext {
  readonly environment: Environment;
  /** What the configuration file says, and the variables before this one. */
  readonly tree: Tree;
  /** Whether the file says nothing of providers, so that those found in the environment are added. */
  readonly findsProviders: boolean;
}

/** What a text means: values for paths, or what is wrong with it. */
export type Reading = readonly { readonly path: string | ConfigPath; readonly value: unknown }[] | { readonly problem: string };

export interface EnvironmentVariable {
  readonly name: string;
  readonly origins: readonly VariableOrigin[];
  /** Settings that it gives; none: accepted, and without a meaning so far. */
  readonly paths: readonly string[];
  readonly description: string;
  /** What a text means; by default it goes to every path, as the schema there wants it. */
  readonly read?: (text: string, context: ReadContext) => Reading;
}

const LEVELS: Readonly<Record<string, string>> = {
  trace: 'debug',
  verbose: 'debug',
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'error',
  fatal: 'error',
  off: 'silent',
  silent: 'silent',
};

const ENVIRONMENTS: Readonly<Record<string, string>> = {
  dev: 'development',
  development: 'development',
  local: 'development',
  test: 'test',
  testing: 'test',
  // As strict as the real thing, or it proves nothing.
  stage: 'production',
  staging: 'production',
  prod: 'production',
  production: 'production',
};

/** In the order in which they are applied: of two that give the same setting, the later one wins. */
export const ENVIRONMENT: readonly EnvironmentVariable[] = [
  {
    name: 'GATEHOUSE_CONFIG',
    origins: ['Gatehouse'],
    paths: [],
    description: 'Path of the configuration file, where `--config` names none.',
  },
  {
    name: 'GATEHOUSE_PRESET',
    origins: ['Gatehouse'],
    paths: ['preset'],
    description: 'The older gateway to begin with, where `--preset` names none.',
  },
  {
    name: 'ENVIRONMENT',
    origins: ['AIVillage'],
    paths: ['server.environment'],
    description: '`development`, `test` or `production`; `dev`, `prod` and the like are understood, and `staging` is production.',
    read: (text) => fromWords(text, ENVIRONMENTS, 'server.environment'),
  },
  { name: 'PORT', origins: ['high-performance'], paths: ['server.port'], description: 'Port to listen on.' },
  { name: 'GATEWAY_PORT', origins: ['AIVillage'], paths: ['server.port'], description: 'Port to listen on; wins over `PORT`.' },
  { name: 'GATEWAY_HOST', origins: ['AIVillage'], paths: ['server.host'], description: 'Address to listen on.' },
  {
    name: 'CORS_ORIGINS',
    origins: ['AIVillage'],
    paths: ['server.cors.origins'],
    description: 'Origins of web pages that may call, separated by commas, or `*`.',
  },
  {
    name: 'REDIS_URL',
    origins: ['StillMe', 'AI microservices'],
    paths: ['state.counters', 'state.cache'],
    description: 'Redis for limits and for the cache.',
  },
  {
    name: 'API_KEYS',
    origins: ['AI platform'],
    paths: ['auth.keys'],
    description:
      'Keys, separated by commas, each with its tier if it is not `standard`: `sk-one,sk-two:admin`. Replaces the keys of the file. The tier `admin` may call the admin routes.',
    read: (text, context) => keysFrom(text, context.environment['API_KEY']),
  },
  {
    name: 'API_KEY',
    origins: ['AIVillage'],
    paths: ['auth.keys'],
    description: 'One key of the tier `standard`. Replaces the keys of the file; beside `API_KEYS` it is one more.',
    read: (text, context) => keysFrom(context.environment['API_KEYS'], text),
  },
  { name: 'SECRET_KEY', origins: ['AIVillage'], paths: ['auth.jwt.secret'], description: 'Shared secret of JSON Web Tokens (HS256).' },
  {
    name: 'RATE_LIMIT_REQUESTS',
    origins: ['AIVillage'],
    paths: ['limits.default'],
    description:
      'Requests in a window of `RATE_LIMIT_WINDOW` seconds (60 unless set), in place of all default limits. A window of 1, 60 or 3600 seconds is taken as it is, any other as the same rate per minute, or per hour when longer than a minute.',
    read: (text, { environment }) => windowLimit(text, environment['RATE_LIMIT_WINDOW']?.trim() || '60'),
  },
  {
    name: 'RATE_LIMIT_WINDOW',
    origins: ['AIVillage'],
    paths: ['limits.default'],
    description: 'Length of the window of `RATE_LIMIT_REQUESTS`, in seconds; without that one, for 100 requests.',
    read: (text, { environment }) => {
      if (!(Number(text) > 0)) return { problem: 'must be a number of seconds' };
      return isGiven(environment['RATE_LIMIT_REQUESTS']) ? [] : windowLimit('100', text);
    },
  },
  {
    name: 'RATE_LIMIT_PER_MINUTE',
    origins: ['AI microservices'],
    paths: ['limits.default.per_minute'],
    description: 'Requests per minute.',
  },
  { name: 'RATE_LIMIT_PER_HOUR', origins: ['AI microservices'], paths: ['limits.default.per_hour'], description: 'Requests per hour.' },
  {
    name: 'CIRCUIT_BREAKER_FAILURE_THRESHOLD',
    origins: ['AI microservices'],
    paths: ['upstream.breaker.failure_threshold'],
    description: 'Failures in a row that open a circuit breaker.',
  },
  {
    name: 'CIRCUIT_BREAKER_TIMEOUT',
    origins: ['AI microservices'],
    paths: ['upstream.breaker.timeout', 'upstream.breaker.first_timeout'],
    description: 'How long a circuit breaker stays open, from the first time on, in seconds.',
    read: (text) => [...seconds(text, 'upstream.breaker.timeout'), ...seconds(text, 'upstream.breaker.first_timeout')],
  },
  {
    name: 'HEALTH_CHECK_TIMEOUT',
    origins: ['AIVillage'],
    paths: ['upstream.health.timeout'],
    description: 'How long a health check may take, in seconds.',
    read: (text) => seconds(text, 'upstream.health.timeout'),
  },
  ...providerVariables(),
  ...serviceVariables(),
  {
    name: 'DEBUG',
    origins: ['AIVillage'],
    paths: ['telemetry.log.level'],
    description: '`true` logs at level `debug`, unless `LOG_LEVEL` says otherwise. Values that are no switch are meant for other programs.',
    read: (text) => (parseSwitch(text) === true ? [{ path: 'telemetry.log.level', value: 'debug' }] : []),
  },
  {
    name: 'LOG_LEVEL',
    origins: ['AI microservices', 'AIVillage'],
    paths: ['telemetry.log.level'],
    description: 'Least severe level that is logged, in any case: `DEBUG`, `INFO`, `WARN` or `WARNING`, `ERROR` or `CRITICAL`, `SILENT`.',
    read: (text) => fromWords(text, LEVELS, 'telemetry.log.level'),
  },
  {
    name: 'LOG_JSON',
    origins: ['AI microservices'],
    paths: ['telemetry.log.format'],
    description: '`true` logs JSON, `false` for people.',
    read: (text) => {
      const json = parseSwitch(text);
      return json === undefined
        ? { problem: 'must be true or false' }
        : [{ path: 'telemetry.log.format', value: json ? 'json' : 'pretty' }];
    },
  },
  { name: 'ENABLE_METRICS', origins: ['AIVillage'], paths: ['telemetry.metrics.enabled'], description: 'Whether metrics are answered.' },
  {
    name: 'OTEL_SERVICE_NAME',
    origins: ['custom'],
    paths: ['telemetry.service_name'],
    description: 'Name of this gateway in traces and health answers.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    origins: ['custom'],
    paths: ['telemetry.traces.otlp_endpoint'],
    description: 'OpenTelemetry collector that spans are sent to (OTLP over HTTP).',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    origins: ['custom'],
    paths: ['telemetry.traces.headers'],
    description: 'Headers for the collector: `name=value,name=value`, percent-encoded.',
    read: (text) => headersFrom(text),
  },
  {
    name: 'QDRANT_URL',
    origins: ['AI microservices'],
    paths: ['state.vectors'],
    description: 'Qdrant, where vectors are kept. Its health is told.',
  },
  { name: 'QDRANT_API_KEY', origins: ['AI microservices'], paths: ['state.vectors_api_key'], description: 'The key that Qdrant is sent.' },
  { name: 'ENABLE_FILE_UPLOAD', origins: ['AIVillage'], paths: ['uploads.enabled'], description: 'Whether files are taken.' },
  { name: 'MAX_FILE_SIZE', origins: ['AIVillage'], paths: ['uploads.bytes_max'], description: 'Largest file, in bytes.' },
];

function fromWords(text: string, words: Readonly<Record<string, string>>, path: string): Reading {
  const value = words[text.trim().toLowerCase()];
  return value === undefined ? { problem: `must be one of ${Object.keys(words).join(', ')}` } : [{ path, value }];
}

/** A plain number is in seconds; a duration with its unit works too. */
function seconds(text: string, path: string): { readonly path: string; readonly value: unknown }[] {
  const trimmed = text.trim();
  return [{ path, value: /^\d+(\.\d+)?$/.test(trimmed) ? `${trimmed}s` : trimmed }];
}

function isGiven(text: string | undefined): boolean {
  return (text ?? '').trim() !== '';
}

const KEY_WITH_TIER = /^(.+):([a-z][\w-]*)$/i;

/** Both variables together, whichever is read: the list is one value. */
function keysFrom(list: string | undefined, single: string | undefined): Reading {
  const keys = (list ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry, index) => {
      const [, key = entry, tier = 'standard'] = KEY_WITH_TIER.exec(entry) ?? [];
      return { name: `api-keys-${index + 1}`, key, tier, ...(tier === 'admin' ? { admin: true } : {}) };
    });
  const key = single?.trim() ?? '';
  // The same key in both is one key.
  if (key !== '' && !keys.some((entry) => entry.key === key)) keys.push({ name: 'api-key', key, tier: 'standard' });
  return [{ path: 'auth.keys', value: keys }];
}

function windowLimit(requestsText: string, windowText: string): Reading {
  const requests = Number(requestsText);
  const window = Number(windowText);
  if (!Number.isInteger(requests) || requests < 1) return { problem: 'must be a whole number of at least 1' };
  if (!(window > 0)) return { problem: 'RATE_LIMIT_WINDOW must be a number of seconds' };
  if (window === 1) return [{ path: 'limits.default', value: { per_second: requests } }];
  const per = (length: number) => Math.max(1, Math.round((requests * length) / window));
  return [{ path: 'limits.default', value: window <= 60 ? { per_minute: per(60) } : { per_hour: per(3_600) } }];
}

/** The form of the OpenTelemetry specification: W3C baggage without properties. */
function headersFrom(text: string): Reading {
  const headers: Record<string, string> = {};
  for (const entry of text.split(',').filter((part) => part.trim() !== '')) {
    const separator = entry.indexOf('=');
    if (separator < 1) return { problem: 'must be name=value, separated by commas' };
    try {
      headers[decodeURIComponent(entry.slice(0, separator).trim())] = decodeURIComponent(entry.slice(separator + 1).trim());
    } catch {
      return { problem: 'is not percent-encoded as it must be' };
    }
  }
  return [{ path: 'telemetry.traces.headers', value: headers }];
}

/** Logs, metrics and traces: whether someone can find out later what happened. */

import type { Config } from '../config/config.ts';
import { SELDOM_POOL } from '../upstream/transport/fetch-text.ts';
import { type Finding, fail, graver, ok, shown, skipped, warn } from './finding.ts';
import { type ProbeDeps, type ProbeOutcome, probe } from './upstreams.ts';

export async function examineTelemetry(config: Config, deps: ProbeDeps): Promise<Finding[]> {
  return [...logFindings(config), await traces(config, deps)];
}

/** Pure. */
export function logFindings({ telemetry: { log }, server }: Config): Finding[] {
  const isProduction = server.environment === 'production';
  const findings: Finding[] = [];
  if (log.level === 'silent')
    findings.push(graver(isProduction)('log.level', { seen: 'nothing is logged', todo: 'set telemetry.log.level to info (or LOG_LEVEL)' }));
  else if (log.level === 'debug' && isProduction)
    findings.push(
      warn('log.level', {
        seen: 'debug lines are written in production: much disk, and more than is needed of what callers do',
        todo: 'set telemetry.log.level to info (or LOG_LEVEL, DEBUG=false)',
      }),
    );
  else if (log.level === 'error' || log.level === 'warn')
    findings.push(
      warn('log.level', {
        seen: `only ${log.level} and worse is logged: no request leaves a line`,
        todo: 'set telemetry.log.level to info (or LOG_LEVEL)',
      }),
    );
  else findings.push(ok('log.level', log.level));
  if (!log.access)
    findings.push(warn('log.access', { seen: 'no request leaves a line in the log', todo: 'set telemetry.log.access to true' }));
  if (log.format === 'pretty' && isProduction)
    findings.push(
      warn('log.format', {
        seen: 'logs are written for people: collectors cannot read them',
        todo: 'set telemetry.log.format to json (or LOG_JSON=true)',
      }),
    );
  else findings.push(ok('log.format', log.format === 'auto' ? 'json, and pretty in a terminal' : log.format));
  return findings;
}

async function traces({ telemetry, upstream }: Config, deps: ProbeDeps): Promise<Finding> {
  const { otlp_endpoint: endpoint, headers } = telemetry.traces;
  if (endpoint === undefined) return skipped('traces', 'telemetry.traces.otlp_endpoint is not set: no spans are kept');
  const url = new URL(endpoint);
  if (url.pathname === '/') url.pathname = '/v1/traces';
  const outcome = await probe(
    {
      baseUrl: url.origin,
      url: url.href,
      headers: { 'content-type': 'application/json', ...headers },
      // As the exporter: it goes where it was told, whatever the address.
      settings: { pool: SELDOM_POOL, allow_private: true, proxy: upstream.proxy },
      body: new TextEncoder().encode('{"resourceSpans":[]}'),
    },
    deps,
  );
  return judgeCollector(url.href, outcome);
}

/** Pure. */
export function judgeCollector(url: string, outcome: ProbeOutcome): Finding {
  const where = shown(url);
  const setting = 'telemetry.traces.otlp_endpoint';
  if (outcome.kind === 'silent')
    return fail('traces', { seen: `${where} does not answer`, todo: `look into the collector's log, or correct ${setting}` });
  if (outcome.kind === 'failed')
    return fail('traces', {
      seen: `${where}: ${outcome.reason} [${outcome.fault}]`,
      todo: `start the collector, or correct ${setting} (OTLP over HTTP, usually port 4318)`,
    });
  const { status } = outcome;
  if (status >= 200 && status < 300) return ok('traces', `${where} takes spans`);
  if (status === 401 || status === 403)
    return fail('traces', {
      seen: `${where} refuses our credential (${status})`,
      todo: 'set telemetry.traces.headers to one that is valid there',
    });
  return fail('traces', {
    seen: `${where} answers ${status}: it takes no spans`,
    todo: `correct ${setting}: it needs OTLP over HTTP with JSON, usually http://HOST:4318`,
  });
}

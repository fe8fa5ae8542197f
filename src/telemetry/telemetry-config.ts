import { z } from 'zod';

const logConfig = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severe level that is written. `silent` writes nothing, not even the access log. The access log is `info`.'),
  format: z
    .enum(['auto', 'json', 'pretty'])
    .default('auto')
    .describe('`json`: one object per line; `pretty`: for people; `auto`: pretty on a terminal, else json.'),
  access: z.boolean().default(true).describe('Whether each request leaves one line in the log.'),
});

const metricsConfig = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether `/metrics` and `/api/metrics` are answered.'),
  access: z.enum(['public', 'key']).default('public').describe('Who may read them: anyone, or whoever holds a key.'),
  series_max: z
    .int()
    .min(50)
    .max(100_000)
    .default(2_000)
    .describe('Most label combinations per metric; what comes after them is counted under `other`.'),
});

const tracesConfig = z.strictObject({
  otlp_endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Base URL of an OpenTelemetry collector (OTLP over HTTP, usually port 4318); `/v1/traces` is added when it has no path. Unset: no spans are kept.',
    ),
  headers: z
    .record(z.string(), z.string().meta({ secret: true }))
    .default({})
    .describe('Headers sent to the collector, for example its credential.'),
  sample_ratio: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('Share of traces begun here that are exported, 0 to 1. A caller that sends `traceparent` decides for its own trace.'),
});

/** Section `telemetry` of the configuration. */
export const telemetryConfig = z.strictObject({
  service_name: z.string().min(1).max(100).default('gatehouse').describe('The name this gateway has in health answers and traces.'),
  log: logConfig.prefault({}),
  metrics: metricsConfig.prefault({}),
  traces: tracesConfig.prefault({}),
});

export type LogConfig = z.infer<typeof logConfig>;
export type MetricsConfig = z.infer<typeof metricsConfig>;
export type TracesConfig = z.infer<typeof tracesConfig>;

/*
 * Every metric, as a row. docs/reference/metrics.md describes the same ones, and a test holds the two together. A label's values
 * are bounded where they are set: route patterns, configured names, fixed words; never what a caller sent.
 */

export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[];
  /** What is shown of several workers' values; default: their sum. */
  readonly across?: 'greatest' | 'least';
}

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const FIRST_TOKEN_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60];
const SHORT_SECONDS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

export const METRICS = {
  // Names that the older gateways' dashboards use.
  http_requests_total: { type: 'counter', help: 'Requests that ended, by what was sent.', labels: ['method', 'endpoint', 'status'] },
  http_request_duration_seconds: {
    type: 'histogram',
    help: 'From the head of a request to the last byte of its reply.',
    labels: ['method', 'endpoint'],
    buckets: REQUEST_SECONDS,
  },
  http_request_errors_total: {
    type: 'counter',
    help: 'Requests that ended with a status of 400 or more, or were cut; `code` is the row of the error catalogue, or `passed_through` when an upstream said so itself.',
    labels: ['method', 'endpoint', 'code'],
  },
  circuit_breaker_state: {
    type: 'gauge',
    help: 'State of a circuit breaker: 0 closed, 1 half-open, 2 open.',
    labels: ['service'],
    across: 'greatest',
  },
  rate_limit_exceeded_total: {
    type: 'counter',
    help: 'Requests refused by a rate limit; `identifier` is the tier or the route whose limit it was, never a caller.',
    labels: ['identifier'],
  },
  gateway_requests_total: { type: 'counter', help: 'The same as http_requests_total.', labels: ['method', 'endpoint', 'status'] },
  gateway_request_duration_seconds: {
    type: 'histogram',
    help: 'The same as http_request_duration_seconds.',
    labels: ['method', 'endpoint'],
    buckets: REQUEST_SECONDS,
  },
  gateway_health_check_duration_seconds: {
    type: 'histogram',
    help: 'Time to answer a health request.',
    labels: [],
    buckets: SHORT_SECONDS,
  },
  // What only an AI gateway counts.
  gateway_tokens_total: { type: 'counter', help: 'Tokens used, as the upstream counted them.', labels: ['direction', 'model'] },
  gateway_cost_usd_total: {
    type: 'counter',
    help: 'US dollars that the tokens cost by the catalogue; models without a known price are not in it.',
    labels: ['model'],
  },
  gateway_first_token_seconds: {
    type: 'histogram',
    help: 'From the head of a request to the first token of its answer (to the whole answer, when it was not streamed).',
    labels: ['model'],
    buckets: FIRST_TOKEN_SECONDS,
  },
  gateway_upstream_attempts_total: {
    type: 'counter',
    help: 'Attempts at an upstream; `outcome` is `ok` or a row of the error catalogue.',
    labels: ['target', 'outcome'],
  },
  gateway_upstream_connections_total: {
    type: 'counter',
    help: 'Requests to upstreams over plain http, by the connection they went out on: `new`, or `reused`.',
    labels: ['result'],
  },
  gateway_retries_total: { type: 'counter', help: 'Attempts that repeated one at the same target or service.', labels: ['target'] },
  gateway_fallbacks_total: { type: 'counter', help: 'Times the next target or service was turned to.', labels: ['target'] },
  gateway_breaker_changes_total: { type: 'counter', help: 'State changes of circuit breakers.', labels: ['service', 'state'] },
  gateway_cache_results_total: { type: 'counter', help: 'What the cache did.', labels: ['result'] },
  gateway_queue_seconds: { type: 'histogram', help: 'Time that a request waited to be admitted.', labels: [], buckets: SHORT_SECONDS },
  gateway_requests_open: { type: 'gauge', help: 'Requests under way.', labels: [] },
  gateway_streams_open: { type: 'gauge', help: 'Replies that are being streamed.', labels: [] },
  gateway_auth_failures_total: { type: 'counter', help: 'Requests refused for who called or what they may do.', labels: ['code'] },
  gatehouse_screening_total: {
    type: 'counter',
    help: 'Requests in which input screening found something: `reported` or `blocked` by check; check `body`: one that could not be screened.',
    labels: ['check', 'action'],
  },
  gatehouse_context_seconds: {
    type: 'histogram',
    help: 'Time to look up what a chat is told, by `part`: `memory` or `knowledge`.',
    labels: ['part'],
    buckets: SHORT_SECONDS,
  },
  gatehouse_context_items_total: {
    type: 'counter',
    help: 'What chats were told beside their own words, by `kind`: `profile`, `memory` or `document`.',
    labels: ['kind'],
  },
  gatehouse_context_left_out_total: {
    type: 'counter',
    help: 'Chats that went without what they had asked for, by `part` and `reason` (`timeout`, `storage`, `embeddings`, …).',
    labels: ['part', 'reason'],
  },
  gatehouse_context_warm: {
    type: 'gauge',
    help: '1 when the indexes of memories and documents that were there at the start are made, or there were none; 0 until then.',
    labels: [],
    across: 'least',
  },
  gatehouse_memory_saves_total: {
    type: 'counter',
    help: 'Chats whose turn was to be remembered, by what had become of it when they ended: `stored`, `timeout`, `failed`, `off` (there was nothing to remember).',
    labels: ['result'],
  },
  gateway_store_faults_total: {
    type: 'counter',
    help: 'Calls to a store that failed, timed out or were not made.',
    labels: ['store', 'kind'],
  },
  gateway_config_reloads_total: { type: 'counter', help: 'Reloads of the configuration: `applied` or `refused`.', labels: ['result'] },
  gateway_log_lines_dropped_total: { type: 'counter', help: 'Log lines dropped because nobody read them.', labels: [] },
  gateway_spans_total: {
    type: 'counter',
    help: 'Trace spans: `exported`, `dropped` (queue full) or `failed` (collector).',
    labels: ['result'],
  },
  gateway_event_loop_delay_seconds: {
    type: 'histogram',
    help: 'How late a timer ran: what every request in the process waited at that moment.',
    labels: [],
    buckets: SHORT_SECONDS,
  },
  // The process, under the names that every dashboard knows.
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory.', labels: [] },
  process_cpu_seconds_total: { type: 'counter', help: 'CPU time, user and system.', labels: [] },
  process_start_time_seconds: { type: 'gauge', help: 'Start of the process, seconds since the epoch.', labels: [], across: 'least' },
  gateway_build_info: { type: 'gauge', help: 'Always 1; the version is the label.', labels: ['version'], across: 'greatest' },
} as const satisfies Record<string, MetricRow>;

export type MetricName = keyof typeof METRICS;

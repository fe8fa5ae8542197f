/*
 * The access log: one line per request, with the field names of the AI microservices gateway first. It is in the path of every
 * request, so its serialiser is written out for these fields. Measured (bench/micro/telemetry): see docs/decisions/0004.
 */

import { redactText } from './redaction.ts';

/** One request and how it ended. Absent fields are left out of the line. */
export interface AccessRecord {
  /** Wall time of the end, in milliseconds since the epoch. */
  readonly nowMs: number;
  readonly correlationId: string;
  readonly traceId: string | undefined;
  readonly method: string;
  /** Without the query: queries may hold secrets. */
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
  /** The route's pattern. */
  readonly route: string;
  readonly address: string;
  readonly outcome: string;
  readonly bytesSent: number;
  readonly principal: string | undefined;
  readonly tenant: string | undefined;
  readonly provider: string | undefined;
  readonly target: string | undefined;
  readonly model: string | undefined;
  readonly attempts: number | undefined;
  readonly firstTokenMs: number | undefined;
  readonly cache: string | undefined;
  readonly queueMs: number | undefined;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  /** US dollars, in decimal digits. */
  readonly costUsd?: string | undefined;
  /** Memories (the profile's too) and parts of documents that the chat was told; milliseconds that it waited for all of it; what was left out. */
  readonly context?:
    | { readonly memories: number; readonly documents: number; readonly waitedMs: number; readonly leftOut: string }
    | undefined;
  /** What became of the turn. */
  readonly memorySaved?: string | undefined;
  /** What input screening found. */
  readonly screening?: string | undefined;
  readonly error: string | undefined;
}

export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

/** Failures of ours or of an upstream are errors, refusals that somebody may have to look at are warnings. */
export function accessLevel(status: number, outcome: string): LogLevel {
  if (status >= 500 || outcome === 'cut') return 'ERROR';
  return status === 429 || status === 401 || status === 403 ? 'WARN' : 'INFO';
}

const MESSAGE = 'Request completed';

/** The line as JSON, its line feed included. `timestamp` is ISO 8601. */
export function accessJson(record: AccessRecord, timestamp: string): string {
  const { status, outcome } = record;
  let line = `{"timestamp":"${timestamp}","level":"${accessLevel(status, outcome)}","message":"${MESSAGE}","correlation_id":${shown(record.correlationId)},"method":${quoted(record.method)},"path":${shown(record.path)},"status_code":${status},"duration_ms":${hundredths(record.durationMs)},"route":${quoted(record.route)},"outcome":"${outcome}","bytes":${record.bytesSent},"address":${quoted(record.address)}`;
  if (record.traceId !== undefined) line += `,"trace_id":"${record.traceId}"`;
  if (record.principal !== undefined) line += `,"principal":${quoted(record.principal)}`;
  if (record.tenant !== undefined) line += `,"tenant":${quoted(record.tenant)}`;
  if (record.provider !== undefined) line += `,"provider":${quoted(record.provider)}`;
  if (record.target !== undefined) line += `,"target":${quoted(record.target)}`;
  if (record.model !== undefined) line += `,"model":${quoted(record.model)}`;
  if (record.attempts !== undefined) line += `,"attempts":${record.attempts}`;
  if (record.firstTokenMs !== undefined) line += `,"first_token_ms":${hundredths(record.firstTokenMs)}`;
  if (record.cache !== undefined) line += `,"cache":"${record.cache}"`;
  if (record.queueMs !== undefined) line += `,"queue_ms":${hundredths(record.queueMs)}`;
  if (record.inputTokens !== undefined) line += `,"input_tokens":${record.inputTokens}`;
  if (record.outputTokens !== undefined) line += `,"output_tokens":${record.outputTokens}`;
  // Decimal digits are a number in JSON too.
  if (record.costUsd !== undefined) line += `,"cost_usd":${record.costUsd}`;
  if (record.context !== undefined) line += contextFields(record.context);
  if (record.memorySaved !== undefined) line += `,"memory_saved":"${record.memorySaved}"`;
  if (record.screening !== undefined) line += `,"screening":${quoted(record.screening)}`;
  if (record.error !== undefined) line += `,"error":"${record.error}"`;
  return `${line}}\n`;
}

function contextFields({ memories, documents, waitedMs, leftOut }: NonNullable<AccessRecord['context']>): string {
  const left = leftOut === '' ? '' : `,"context_left_out":${quoted(leftOut)}`;
  return `,"memories":${memories},"documents":${documents},"context_ms":${hundredths(waitedMs)}${left}`;
}

// Everything that JSON must escape, C1 controls and line separators (some terminals and log readers break lines at them), and
// lone halves of surrogate pairs, which no UTF-8 can hold.
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f"\\\u007f-\u009f\u2028\u2029\ud800-\udfff]/;
// oxlint-disable-next-line no-control-regex
const UNSAFE_IN_JSON = /[\u007f-\u009f\u2028\u2029]/g;

/** A JSON string. The test is 4 ns where JSON.stringify is 23 (bench/micro/telemetry), and nearly every string passes it. */
export function quoted(text: string): string {
  return UNSAFE.test(text) ? escapeControls(JSON.stringify(text)) : `"${text}"`;
}

/** Escapes, in a JSON text, the controls and separators that JSON itself would let through. */
export function escapeControls(json: string): string {
  return json.replaceAll(UNSAFE_IN_JSON, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A JSON string of what a caller chose: credentials that strayed into it are cut out, and it is bounded. */
function shown(text: string): string {
  return quoted(redactText(text.length > PATH_MAX ? text.slice(0, PATH_MAX) : text));
}

const PATH_MAX = 2_048;

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

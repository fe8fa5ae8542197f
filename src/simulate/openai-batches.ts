/*
 * `/v1/batches`: the lines of an uploaded file, each a request, answered by the simulator itself. A batch goes
 *
 *   validating ─▶ in_progress ─▶ finalizing ─▶ completed
 *       │              └── cancel ──▶ cancelling ─▶ cancelled, with the lines that were done
 *       └─▶ failed, when a line is no request
 *
 * as fast as its lines do: they take the pace and the faults of their model (`sim-1!delay-ms=500`, `sim-1!status=429`).
 */

import { readLines } from './batch-file.ts';
import { askLines } from './batch-lines.ts';
import { writeResults } from './batch-results.ts';
import { insteadOfAnswer } from './failures.ts';
import { isObject, type JsonObject } from './json-instance.ts';
import { pageOf } from './openai-page.ts';
import { notFound, RequestRefused, readWord, refuse } from './openai-request.ts';
import type { BatchRow } from './openai-shapes.ts';
import { jsonReply } from './service-reply.ts';
import type { StoredBatch } from './stored.ts';
import { faultsOf, type Visit } from './visit.ts';

const PATH = '/v1/batches/';
const ENDPOINTS = [
  '/v1/responses',
  '/v1/chat/completions',
  '/v1/embeddings',
  '/v1/completions',
  '/v1/moderations',
  '/v1/images/generations',
  '/v1/images/edits',
] as const;
const WINDOW_SECONDS = 86_400;
/** Batches at work at the same time. */
const RUNNING_MAX = 16;

/** Throws RequestRefused; rejects when the client leaves. */
export async function createBatch(body: JsonObject, visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const { stored } = visit.world;
  const inputId = body['input_file_id'];
  if (typeof inputId !== 'string')
    return refuse("Missing required parameter: 'input_file_id'.", 'input_file_id', 'missing_required_parameter');
  const endpoint = readWord(body, 'endpoint', ENDPOINTS);
  if (endpoint === undefined) return refuse("Missing required parameter: 'endpoint'.", 'endpoint', 'missing_required_parameter');
  if (readWord(body, 'completion_window', ['24h']) === undefined) {
    refuse("Missing required parameter: 'completion_window'.", 'completion_window', 'missing_required_parameter');
  }
  const metadata = readMetadata(body['metadata']);
  const input = stored.files.get(inputId);
  if (input === undefined) throw notFound(`No such File object: ${inputId}`, 'input_file_id');
  if (input.row.purpose !== 'batch')
    refuse(`File ${inputId} has the purpose '${input.row.purpose}', not 'batch'.`, 'input_file_id', 'invalid_value');
  if (stored.batches.list().filter(isAtWork).length >= RUNNING_MAX) {
    throw new RequestRefused({
      status: 429,
      message: `At most ${RUNNING_MAX} batches at once.`,
      type: 'requests',
      code: 'rate_limit_exceeded',
    });
  }
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;

  const row = rowOf({ ...stored.next('batch_'), endpoint, input_file_id: inputId, metadata });
  const batch: StoredBatch = { row, ending: new AbortController(), running: Promise.resolve() };
  stored.batches.add(row.id, batch);
  // Written down before the first line is asked: it says `validating`.
  const reply = jsonReply(visit, faults, { value: row });
  batch.running = run(batch, input.bytes, visit);
  return reply;
}

/** Throws RequestRefused; rejects when the client leaves. */
export async function listBatches(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const rows = visit.world.stored.batches.list().map((batch) => batch.row);
  return jsonReply(visit, faults, { value: pageOf(rows, visit, { limitDefault: 20, limitMax: 100 }) });
}

/** `GET /v1/batches/{id}`, `POST /v1/batches/{id}/cancel`. Throws RequestRefused; rejects when the client leaves. */
export async function oneBatch(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const [id = '', verb, ...more] = visit.path.slice(PATH.length).split('/');
  const asked = more.length > 0 ? '' : `${visit.request.method} ${verb ?? ''}`;
  if (asked !== 'GET ' && asked !== 'POST cancel') throw notFound(`Invalid URL (${visit.request.method} ${visit.path})`);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const batch = visit.world.stored.batches.get(id);
  if (batch === undefined) throw notFound(`No batch found with id '${id}'.`, 'id');
  if (asked === 'POST cancel') cancel(batch);
  return jsonReply(visit, faults, { value: batch.row });
}

function cancel({ row, ending }: StoredBatch): void {
  if (row.status !== 'validating' && row.status !== 'in_progress') {
    throw new RequestRefused({ status: 409, message: `Cannot cancel a batch with status '${row.status}'.` });
  }
  row.status = 'cancelling';
  row.cancelling_at = row.created_at + 1;
  ending.abort();
}

function isAtWork({ row }: StoredBatch): boolean {
  return row.completed_at === null && row.failed_at === null && row.cancelled_at === null;
}

/** Never rejects: it has the batch say what became of it. */
async function run({ row, ending }: StoredBatch, bytes: Uint8Array, visit: Visit): Promise<void> {
  const { lines, model, problems } = readLines(bytes, row.endpoint);
  if (problems.length > 0) {
    row.status = 'failed';
    row.failed_at = row.created_at + 1;
    row.errors = { object: 'list', data: problems };
    return;
  }
  if (model !== undefined) row.model = model;
  if (row.status === 'validating') row.status = 'in_progress';
  row.in_progress_at = row.created_at + 1;
  row.request_counts.total = lines.length;

  const url = new URL(row.endpoint, visit.request.url).href;
  const results = writeResults(row, lines);
  const requests = lines.map((line) => ({ url, body: line.body }));
  await askLines(requests, results.take, { from: visit, signal: ending.signal });
  // Forgotten by a reset, not cancelled: there is nobody to write for.
  if (ending.signal.aborted && row.status !== 'cancelling') return;
  results.finish(visit.world.stored);
}

function rowOf(made: Pick<BatchRow, 'id' | 'created_at' | 'endpoint' | 'input_file_id' | 'metadata'>): BatchRow {
  return {
    id: made.id,
    object: 'batch',
    endpoint: made.endpoint,
    errors: null,
    input_file_id: made.input_file_id,
    completion_window: '24h',
    status: 'validating',
    output_file_id: null,
    error_file_id: null,
    created_at: made.created_at,
    in_progress_at: null,
    expires_at: made.created_at + WINDOW_SECONDS,
    finalizing_at: null,
    completed_at: null,
    failed_at: null,
    expired_at: null,
    cancelling_at: null,
    cancelled_at: null,
    request_counts: { total: 0, completed: 0, failed: 0 },
    metadata: made.metadata,
  };
}

/** Throws RequestRefused. */
function readMetadata(metadata: unknown): object | null {
  if (metadata === undefined || metadata === null) return null;
  if (!isObject(metadata)) return refuse("Invalid type for 'metadata': expected an object.", 'metadata', 'invalid_type');
  const entries = Object.entries(metadata);
  if (entries.length > 16)
    refuse("Invalid 'metadata': too many properties. Expected at most 16.", 'metadata', 'object_above_max_properties');
  for (const [key, value] of entries) {
    if (typeof value !== 'string' || value.length > 512 || key.length > 64) {
      refuse(`Invalid 'metadata': '${key.slice(0, 64)}' must be a string of at most 512 characters.`, 'metadata', 'invalid_value');
    }
  }
  return metadata;
}

/** `/v1/uploads`: a file in parts, which becomes one when it is complete. */
import { insteadOfAnswer } from './failures.ts';
import { fileOf, readForm } from './form.ts';
import { readJson } from './json-body.ts';
import { type JsonObject, shownAs } from './json-instance.ts';
import { readPurpose } from './openai-files.ts';
import { notFound, readCount, refuse } from './openai-request.ts';
import type { UploadRow } from './openai-shapes.ts';
import { jsonReply } from './service-reply.ts';
import { FILE_BYTES_MAX, type StoredUpload } from './stored.ts';
import { faultsOf, type Visit } from './visit.ts';

const PATH = '/v1/uploads/';
const PARTS_MAX = 1_000;
const LIFE_SECONDS = 3_600;

/** Throws RequestRefused; rejects when the client leaves. */
export async function createUpload(body: JsonObject, visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const bytes = readCount(body, 'bytes');
  const { filename } = body;
  if (bytes === undefined) return refuse("Missing required parameter: 'bytes'.", 'bytes', 'missing_required_parameter');
  if (bytes > FILE_BYTES_MAX) {
    return refuse(
      `Invalid 'bytes': integer above maximum value. Expected a value <= ${FILE_BYTES_MAX}.`,
      'bytes',
      'integer_above_max_value',
    );
  }
  if (typeof filename !== 'string' || filename === '') {
    return refuse("Missing required parameter: 'filename'.", 'filename', 'missing_required_parameter');
  }
  if (typeof body['mime_type'] !== 'string')
    return refuse("Missing required parameter: 'mime_type'.", 'mime_type', 'missing_required_parameter');
  const purpose = readPurpose(body);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;

  const { id, created_at } = visit.world.stored.next('upload_');
  const row: UploadRow = {
    id,
    object: 'upload',
    bytes,
    created_at,
    expires_at: created_at + LIFE_SECONDS,
    filename,
    purpose,
    status: 'pending',
  };
  visit.world.stored.uploads.add(id, { row, parts: new Map() }, bytes);
  return jsonReply(visit, faults, { value: row });
}

/** `POST /v1/uploads/{id}/parts`, `…/complete` and `…/cancel`. Throws RequestRefused; rejects when the client leaves. */
export async function oneUpload(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const [id = '', verb = '', ...more] = visit.path.slice(PATH.length).split('/');
  const act = visit.request.method === 'POST' && more.length === 0 ? ACTS.get(verb) : undefined;
  if (act === undefined) throw notFound(`Invalid URL (${visit.request.method} ${visit.path})`);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const upload = visit.world.stored.uploads.get(id);
  if (upload === undefined) throw notFound(`No such Upload object: ${id}`, 'id');
  if (upload.row.status !== 'pending') return refuse(`Upload ${id} is already ${upload.row.status}.`);
  return jsonReply(visit, faults, { value: await act(upload, visit) });
}

type Act = (upload: StoredUpload, visit: Visit) => Promise<object>;

const ACTS: ReadonlyMap<string, Act> = new Map<string, Act>([
  ['parts', addPart],
  ['complete', complete],
  ['cancel', cancel],
]);

async function addPart({ row, parts }: StoredUpload, visit: Visit): Promise<object> {
  const form = await readForm(visit, { fileBytesMax: FILE_BYTES_MAX });
  const { bytes } = fileOf(form, 'data');
  const kept = [...parts.values()].reduce((total, part) => total + part.length, 0);
  if (kept + bytes.length > row.bytes)
    refuse(`The parts of ${row.id} are larger than the ${row.bytes} bytes that it was made for.`, 'data');
  if (parts.size >= PARTS_MAX) refuse(`At most ${PARTS_MAX} parts in an upload.`, 'data');
  const { id, created_at } = visit.world.stored.next('part_');
  parts.set(id, bytes);
  return { id, object: 'upload.part', created_at, upload_id: row.id };
}

async function complete({ row, parts }: StoredUpload, visit: Visit): Promise<object> {
  const body = await readJson(visit);
  const ids = body['part_ids'];
  if (!Array.isArray(ids) || ids.length === 0)
    return refuse("Missing required parameter: 'part_ids'.", 'part_ids', 'missing_required_parameter');
  const pieces = ids.map(
    (id: unknown) => parts.get(shownAs(id)) ?? refuse(`No such part: ${shownAs(id).slice(0, 64)}`, 'part_ids', 'invalid_value'),
  );
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (total !== row.bytes)
    return refuse(`The parts have ${total} bytes, but the upload was made for ${row.bytes}.`, 'part_ids', 'invalid_value');
  const bytes = new Uint8Array(Buffer.concat(pieces));
  if (typeof body['md5'] === 'string' && body['md5'] !== Bun.MD5.hash(bytes, 'hex'))
    refuse('The md5 does not match the parts.', 'md5', 'invalid_value');
  const file = visit.world.stored.addFile(bytes, { filename: row.filename, purpose: row.purpose });
  Object.assign(row, { status: 'completed', file });
  parts.clear();
  return row;
}

async function cancel({ row, parts }: StoredUpload): Promise<object> {
  row.status = 'cancelled';
  parts.clear();
  return row;
}

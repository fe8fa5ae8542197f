/** `/v1/files`: what was uploaded, and what batches wrote. */
import { wholeReply } from './delivery.ts';
import { FAILURE_IN_BAND, failureBody, insteadOfAnswer } from './failures.ts';
import { type Form, fileOf, readForm } from './form.ts';
import { isObject, type JsonObject, shownAs } from './json-instance.ts';
import { pageOf } from './openai-page.ts';
import { notFound, RequestRefused, refuse } from './openai-request.ts';
import { jsonReply } from './service-reply.ts';
import { FILE_BYTES_MAX, type StoredFile } from './stored.ts';
import { hash } from './text.ts';
import { faultsOf, type Visit } from './visit.ts';

const PURPOSES = ['fine-tune', 'assistants', 'batch', 'user_data', 'responses', 'vision', 'evals'];
/** Files that are for models alone. */
const PURPOSES_UNREADABLE = new Set(['assistants', 'user_data', 'vision']);
const EXPIRY_SECONDS = { min: 3_600, max: 2_592_000 };
const PATH = '/v1/files/';

/** Throws RequestRefused; rejects when the client leaves. */
export async function createFile(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const form = await readForm(visit, { fileBytesMax: FILE_BYTES_MAX });
  const purpose = readPurpose(form.fields);
  const { filename, bytes } = fileOf(form, 'file');
  const expiry = readExpiry(form);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const row = visit.world.stored.addFile(bytes, { filename: filename === '' ? 'file' : filename, purpose, ...expiry });
  return jsonReply(visit, faults, { value: row });
}

/** Throws RequestRefused; rejects when the client leaves. */
export async function listFiles(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const purpose = new URLSearchParams(visit.query).get('purpose');
  const rows = visit.world.stored.files.list().flatMap(({ row }) => (purpose === null || row.purpose === purpose ? [row] : []));
  return jsonReply(visit, faults, { value: pageOf(rows, visit, { limitDefault: 10_000, limitMax: 10_000 }) });
}

/** `GET` and `DELETE /v1/files/{id}`, `GET /v1/files/{id}/content`. Throws RequestRefused; rejects when the client leaves. */
export async function oneFile(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const [id = '', part, ...more] = visit.path.slice(PATH.length).split('/');
  const file = visit.world.stored.files.get(id);
  const asked = more.length > 0 ? '' : `${visit.request.method} ${part ?? ''}`;
  if (asked !== 'GET ' && asked !== 'DELETE ' && asked !== 'GET content')
    throw notFound(`Invalid URL (${visit.request.method} ${visit.path})`);
  if (file === undefined) throw notFound(`No such File object: ${id}`, 'id');
  switch (asked) {
    case 'GET ':
      return jsonReply(visit, faults, { value: file.row });
    case 'DELETE ':
      visit.world.stored.files.delete(id);
      return jsonReply(visit, faults, { value: { id, object: 'file', deleted: true } });
    case 'GET content':
      return wholeReply(contentOf(file), faults, visit);
  }
}

function contentOf({ row, bytes }: StoredFile) {
  if (PURPOSES_UNREADABLE.has(row.purpose)) throw refusedDownload(row.purpose);
  // What a header can't carry is left out of the name.
  const filename = row.filename.replaceAll(/[^ !#-[\]-~]/g, '_');
  return {
    headers: { 'content-type': 'application/octet-stream', 'content-disposition': `attachment; filename="${filename}"` },
    seed: hash(row.id, 0),
    tokenCount: 0,
    body: bytes,
    failure: failureBody(FAILURE_IN_BAND, 'openai'),
  };
}

function refusedDownload(purpose: string): RequestRefused {
  return new RequestRefused({ status: 400, message: `Not allowed to download files of purpose: ${purpose}` });
}

/** Throws RequestRefused. */
export function readPurpose({ purpose }: JsonObject): string {
  if (purpose === undefined || purpose === '') return refuse("'purpose' is a required property", 'purpose', 'missing_required_parameter');
  if (typeof purpose === 'string' && PURPOSES.includes(purpose)) return purpose;
  const known = PURPOSES.map((name) => `'${name}'`).join(', ');
  return refuse(`'${shownAs(purpose).slice(0, 40)}' is not one of [${known}] - 'purpose'`, 'purpose', 'invalid_value');
}

/** `expires_after[anchor]` and `expires_after[seconds]`. Throws RequestRefused. */
function readExpiry({ fields }: Form): { readonly expiresAfterSeconds?: number } {
  const expiry = fields['expires_after'];
  if (expiry === undefined) return {};
  const seconds = isObject(expiry) && expiry['anchor'] === 'created_at' ? Number(expiry['seconds']) : Number.NaN;
  if (Number.isInteger(seconds) && seconds >= EXPIRY_SECONDS.min && seconds <= EXPIRY_SECONDS.max) return { expiresAfterSeconds: seconds };
  const message = `Invalid 'expires_after': expected the anchor 'created_at' and ${EXPIRY_SECONDS.min} to ${EXPIRY_SECONDS.max} seconds.`;
  return refuse(message, 'expires_after', 'invalid_value');
}

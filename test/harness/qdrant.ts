/*
 * A stand-in for Qdrant: the calls that the gateway makes, in memory, refusing what Qdrant refuses. What it takes and gives are the shapes of Qdrant's own
 * OpenAPI document (1.18, as its official client has them); its refusals are worded as Qdrant words them. Searches are exact. Like a collection in
 * strict mode it filters by nothing that has no index.
 */
import type { Schemas } from '@qdrant/js-client-rest';

export interface FakeQdrantOptions {
  readonly apiKey?: string;
}

export interface QdrantRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export interface FakeQdrant extends AsyncDisposable {
  readonly url: string;
  /** Everything that was asked, oldest first. */
  readonly requests: QdrantRequest[];
  /** What happens to a request before it is answered; a reply takes the place of the answer. */
  meet: ((request: QdrantRequest) => Promise<Response | undefined> | Response | undefined) | undefined;
  /** Every point of every collection, for canaries. */
  dump(): string;
}

interface Collection {
  readonly size: number;
  readonly config: Schemas['CreateCollection'];
  readonly indexes: Map<string, unknown>;
  readonly points: Map<string, Point>;
}

interface Point {
  readonly id: Schemas['ExtendedPointId'];
  readonly vector: Float32Array;
  readonly payload: Readonly<Record<string, unknown>>;
}

class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const BODY_BYTES_MAX = 32 * 1_048_576;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DISTANCES: ReadonlySet<string> = new Set(['Cosine', 'Euclid', 'Dot', 'Manhattan']);

export function startFakeQdrant({ apiKey }: FakeQdrantOptions = {}): FakeQdrant {
  const collections = new Map<string, Collection>();
  const fake: { -readonly [Key in keyof FakeQdrant]: FakeQdrant[Key] } = {
    url: '',
    requests: [],
    meet: undefined,
    dump: () => JSON.stringify([...collections].map(([name, { points }]) => [name, [...points.values()]])),
    [Symbol.asyncDispose]: async () => server.stop(true),
  };
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    maxRequestBodySize: BODY_BYTES_MAX,
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const text = await request.text();
      let body: unknown;
      try {
        const given = request.headers.get('api-key');
        if (apiKey !== undefined && given === null) throw new Refused(401, 'Must provide an API key or an Authorization bearer token');
        if (apiKey !== undefined && given !== apiKey) throw new Refused(401, 'Invalid API key or JWT');
        body = text === '' ? undefined : parsed(text);
        const asked = { method: request.method, path: pathname, body };
        fake.requests.push(asked);
        const instead = await fake.meet?.(asked);
        if (instead !== undefined) return instead;
        const result = answer(collections, { ...asked, isWaited: searchParams.get('wait') === 'true' });
        return Response.json({ result, status: 'ok', time: 0.001 });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return Response.json({ status: { error: error.message }, time: 0 }, { status: error.status });
      }
    },
  });
  fake.url = `http://127.0.0.1:${server.port}`;
  return fake;
}

interface Asked extends QdrantRequest {
  readonly isWaited: boolean;
}

function answer(collections: Map<string, Collection>, { method, path, body, isWaited }: Asked): unknown {
  if (method === 'GET' && path === '/collections')
    return { collections: [...collections.keys()].map((name) => ({ name })) } satisfies Schemas['CollectionsResponse'];
  const [, folder, encoded = '', ...rest] = path.split('/');
  const name = decodeURIComponent(encoded);
  if (folder !== 'collections' || name === '') throw new Refused(404, 'Not found');
  const route = `${method} ${rest.join('/')}`;
  if (route === 'PUT ') return create(collections, name, body);
  const collection = collections.get(name);
  if (collection === undefined) throw new Refused(404, `Not found: Collection \`${name}\` doesn't exist!`);
  switch (route) {
    case 'GET ':
      return infoOf(collection);
    case 'PUT index':
      return index(collection, body);
    case 'PUT points':
      return later(() => upsert(collection, body), isWaited);
    case 'POST points/delete':
      return later(() => remove(collection, body), isWaited);
    case 'POST points/count':
      return { count: matching(collection, member(body, 'filter')).length } satisfies Schemas['CountResult'];
    case 'POST points/query':
      return query(collection, body);
    default:
      throw new Refused(404, '');
  }
}

function create(collections: Map<string, Collection>, name: string, body: unknown): boolean {
  const vectors = member(body, 'vectors');
  const size = member(vectors, 'size');
  const distance = member(vectors, 'distance');
  if (typeof size !== 'number' || !Number.isInteger(size) || typeof distance !== 'string' || !DISTANCES.has(distance))
    throw new Refused(400, 'Format error in JSON body: data did not match any variant of untagged enum VectorsConfig');
  if (size < 1 || size > 65_535)
    throw new Refused(422, 'Validation error in JSON body: [vectors.size: value invalid, must be from 1 to 65536]');
  if (!/^[^<>:"/\\|?*\0\u001f]{1,255}$/.test(name)) throw new Refused(422, 'Validation error in path: [collection_name: invalid]');
  if (collections.has(name)) throw new Refused(409, `Wrong input: Collection \`${name}\` already exists!`);
  collections.set(name, { size, config: body as Schemas['CreateCollection'], indexes: new Map(), points: new Map() });
  return true;
}

function infoOf({ size, points, config }: Collection): object {
  const told: Pick<Schemas['CollectionInfo'], 'status' | 'optimizer_status' | 'segments_count' | 'points_count'> = {
    status: 'green',
    optimizer_status: 'ok',
    segments_count: 2,
    points_count: points.size,
  };
  const params: Schemas['CollectionParams'] = { vectors: { size, distance: 'Cosine' } };
  return Object.assign(told, { config: { params, hnsw_config: config.hnsw_config }, payload_schema: {} });
}

function index({ indexes }: Collection, body: unknown): Schemas['UpdateResult'] {
  const name = member(body, 'field_name');
  const schema = member(body, 'field_schema');
  const type = typeof schema === 'string' ? schema : member(schema, 'type');
  if (typeof name !== 'string' || typeof type !== 'string') throw new Refused(400, 'Format error in JSON body: missing field `field_name`');
  if (!['keyword', 'integer', 'float', 'geo', 'text', 'bool', 'datetime', 'uuid'].includes(type))
    throw new Refused(400, 'Format error in JSON body: data did not match any variant of untagged enum PayloadFieldSchema');
  indexes.set(name, schema);
  return { operation_id: 1, status: 'completed' };
}

/** Not waited for, it is done some time later. */
function later(run: () => void, isWaited: boolean): Schemas['UpdateResult'] {
  if (isWaited) run();
  else setTimeout(run, 5);
  return { operation_id: 1, status: isWaited ? 'completed' : 'acknowledged' };
}

function upsert({ points, size }: Collection, body: unknown): void {
  const given = member(body, 'points');
  if (!Array.isArray(given))
    throw new Refused(400, 'Format error in JSON body: data did not match any variant of untagged enum PointInsertOperations');
  const made = given.map((point: Schemas['PointStruct']): Point => {
    checkId(point.id);
    const { vector, payload } = point;
    if (!isNumbers(vector))
      throw new Refused(400, 'Format error in JSON body: data did not match any variant of untagged enum PointInsertOperations');
    if (vector.length !== size) throw new Refused(400, `Wrong input: Vector dimension error: expected dim: ${size}, got ${vector.length}`);
    return { id: point.id, vector: normalised(vector), payload: payload ?? {} };
  });
  for (const point of made) points.set(String(point.id), point);
}

function remove(collection: Collection, body: unknown): void {
  const ids = member(body, 'points');
  if (Array.isArray(ids)) {
    for (const id of ids as unknown[]) {
      checkId(id);
      collection.points.delete(String(id));
    }
    return;
  }
  const filter = member(body, 'filter');
  if (filter === undefined)
    throw new Refused(400, 'Format error in JSON body: data did not match any variant of untagged enum PointsSelector');
  for (const { id } of matching(collection, filter)) collection.points.delete(String(id));
}

function query(collection: Collection, body: unknown): Schemas['QueryResponse'] {
  const asked = body as Schemas['QueryRequest'];
  const vector: unknown = asked.query;
  if (!Array.isArray(vector))
    throw new Refused(400, 'Format error in JSON body: data did not match any variant of untagged enum QueryInterface');
  if (vector.length !== collection.size)
    throw new Refused(400, `Wrong input: Vector dimension error: expected dim: ${collection.size}, got ${vector.length}`);
  const limit = asked.limit ?? 10;
  if (limit < 1) throw new Refused(422, 'Validation error in JSON body: [limit: value 0 invalid, must be 1 or larger]');
  const wanted = normalised(vector);
  const fields = Array.isArray(asked.with_payload) ? asked.with_payload : [];
  const scored = matching(collection, asked.filter).map((point): Schemas['ScoredPoint'] => ({
    id: point.id,
    version: 1,
    score: point.vector.reduce((sum, value, at) => sum + value * (wanted[at] ?? 0), 0),
    payload: Object.fromEntries(Object.entries(point.payload).filter(([name]) => fields.includes(name))),
  }));
  return { points: scored.toSorted((a, b) => b.score - a.score).slice(0, limit) };
}

function matching({ points, indexes }: Collection, filter: unknown): Point[] {
  if (filter === undefined || filter === null) return [...points.values()];
  const must = member(filter, 'must');
  if (!Array.isArray(must)) throw new Refused(400, 'Format error in JSON body: data did not match any variant of untagged enum Filter');
  const conditions = must.map((condition: unknown) => {
    const key = member(condition, 'key');
    const match = member(condition, 'match');
    const value = member(match, 'value');
    if (typeof key !== 'string' || !['string', 'number', 'boolean'].includes(typeof value))
      throw new Refused(400, 'Format error in JSON body: data did not match any variant of untagged enum Condition');
    if (!indexes.has(key))
      throw new Refused(400, `Bad request: Index required but not found for "${key}" of one of the following types: [keyword].`);
    return { key, value };
  });
  return [...points.values()].filter(({ payload }) => conditions.every(({ key, value }) => payload[key] === value));
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((number: unknown) => typeof number === 'number');
}

function checkId(id: unknown): void {
  const isNumber = typeof id === 'number' && Number.isInteger(id) && id >= 0;
  if (isNumber || (typeof id === 'string' && UUID.test(id))) return;
  throw new Refused(
    400,
    `Format error in JSON body: value ${String(id)} is not a valid point ID, valid values are either an unsigned integer or a UUID`,
  );
}

function normalised(vector: readonly number[]): Float32Array {
  const norm = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => value / norm);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, 'Format error in JSON body: expected value at line 1 column 1');
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/*
 * A Mem0 for tests, in both of its forms: the server that one runs oneself (FastAPI's refusals) and the platform. It refuses what they refuse, as their published
 * code and documentation have it, and can be made slow, failing or lying.
 */

export interface FakeMem0 extends AsyncDisposable {
  readonly url: string;
  readonly requests: { readonly method: string; readonly path: string; readonly headers: Headers; readonly body: unknown }[];
  /** What it does instead of answering; undefined: nothing. */
  trouble: ((request: Request) => Promise<Response> | Response) | undefined;
  readonly memories: Map<string, Kept>;
}

interface Kept {
  id: string;
  memory: string;
  hash: string;
  metadata: Record<string, unknown> | null;
  user_id: string | null;
  agent_id: string | null;
  run_id: string | null;
  expiration_date: string | null;
  created_at: string;
  updated_at: string;
  history: object[];
}

const OWNERS = ['user_id', 'agent_id', 'run_id'] as const;
type Json = Record<string, unknown>;

export function startFakeMem0({ kind, key }: { readonly kind: 'server' | 'platform'; readonly key: string }): FakeMem0 {
  const memories = new Map<string, Kept>();
  const requests: FakeMem0['requests'] = [];
  let clockMs = 1_700_000_000_000;
  // As Python writes it.
  const now = (): string => new Date((clockMs += 1_000)).toISOString().replace('Z', '123-00:00').replace('-00:00', '+00:00');
  const fake: { trouble: FakeMem0['trouble'] } = { trouble: undefined };
  const bad = (detail: unknown, status = 400): Response => Response.json(kind === 'server' ? { detail } : { error: detail }, { status });
  const owns = (kept: Kept, owners: Json): boolean => OWNERS.every((name) => owners[name] === undefined || kept[name] === owners[name]);

  const add = (body: Json): Response => {
    const messages = body['messages'];
    if (!Array.isArray(messages)) return bad([{ type: 'missing', loc: ['body', 'messages'], msg: 'Field required' }], 422);
    if (!OWNERS.some((name) => typeof body[name] === 'string'))
      return bad('At least one identifier (user_id, agent_id, run_id) is required.');
    const date = body['expiration_date'];
    if (date !== undefined && !(typeof date === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(date)))
      return bad('expiration_date must be YYYY-MM-DD');
    const results = (messages as { role: string; content: string }[]).flatMap(({ role, content }) => {
      // Its model draws nothing from what the assistant says, in this fake.
      if (role !== 'user' && body['infer'] !== false) return [];
      const at = now();
      const kept: Kept = {
        id: crypto.randomUUID(),
        memory: content,
        hash: 'md5',
        metadata: (body['metadata'] as Json | undefined) ?? null,
        user_id: (body['user_id'] as string | undefined) ?? null,
        agent_id: (body['agent_id'] as string | undefined) ?? null,
        run_id: (body['run_id'] as string | undefined) ?? null,
        expiration_date: date ?? null,
        created_at: at,
        updated_at: at,
        history: [{ event: 'ADD', old_memory: null, new_memory: content, created_at: at, updated_at: at }],
      };
      memories.set(kept.id, kept);
      return [{ id: kept.id, memory: content, event: 'ADD' }];
    });
    return Response.json(
      kind === 'server' ? { results } : { message: 'Memory processing has been queued', status: 'PENDING', event_id: crypto.randomUUID() },
    );
  };
  const json = (kept: Kept): Json => Object.fromEntries(Object.entries(kept).filter(([name]) => name !== 'history'));
  const matching = (owners: Json, isExpiredShown: boolean): Kept[] =>
    [...memories.values()].filter(
      (kept) => owns(kept, owners) && (isExpiredShown || kept.expiration_date === null || kept.expiration_date >= '2026-01-01'),
    );
  const search = (body: Json): Response => {
    if (typeof body['query'] !== 'string') return bad([{ type: 'missing', loc: ['body', 'query'] }], 422);
    const misplaced = OWNERS.filter((name) => body[name] !== undefined);
    if (misplaced.length > 0) return bad(`Top-level entity parameters [${misplaced.join(', ')}] are not supported`);
    const owners = ownersIn(body['filters']);
    if (owners === undefined) return bad('filters must contain at least one of: user_id, agent_id, run_id');
    const words = body['query'].toLowerCase().split(/\W+/).filter(Boolean);
    const results = matching(owners, body['show_expired'] === true)
      .map((kept) => ({ ...json(kept), score: words.filter((word) => kept.memory.toLowerCase().includes(word)).length / words.length }))
      .filter(({ score }) => score >= 0.1)
      .sort((one, other) => other.score - one.score)
      .slice(0, Number(body['top_k'] ?? 10));
    return Response.json({ results });
  };
  const one = (id: string, request: Request, body: Json): Response => {
    const kept = memories.get(id);
    if (kept === undefined) return bad('Memory not found', 404);
    if (request.method === 'GET') return Response.json(json(kept));
    if (request.method === 'DELETE') {
      memories.delete(id);
      return Response.json({ message: 'Memory deleted successfully!' });
    }
    if (body['text'] === undefined && body['metadata'] === undefined && body['expiration_date'] === undefined)
      return bad('nothing to update');
    const at = now();
    if (typeof body['text'] === 'string') {
      kept.history.unshift({
        event: 'UPDATE',
        old_memory: kept.memory,
        new_memory: body['text'],
        created_at: kept.created_at,
        updated_at: at,
      });
      kept.memory = body['text'];
    }
    if (body['metadata'] !== undefined) kept.metadata = body['metadata'] as Json;
    if (body['expiration_date'] !== undefined) kept.expiration_date = body['expiration_date'] as string | null;
    kept.updated_at = at;
    return Response.json(kind === 'server' ? { message: 'Memory updated successfully!' } : json(kept));
  };

  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(request) {
      const url = new URL(request.url);
      const text = await request.text();
      const body = text === '' ? {} : (JSON.parse(text) as Json);
      requests.push({ method: request.method, path: url.pathname + url.search, headers: request.headers, body });
      if (fake.trouble !== undefined) return fake.trouble(request);
      const sent = kind === 'server' ? request.headers.get('x-api-key') : request.headers.get('authorization');
      if (sent !== (kind === 'server' ? key : `Token ${key}`)) return bad('Invalid API key', 401);
      const query = Object.fromEntries(url.searchParams);
      const root = kind === 'server' ? '/memories' : '/v1/memories';
      // Django wants the slash, FastAPI does not.
      const path = kind === 'server' ? url.pathname : url.pathname.replace(/\/$/, '');
      if (kind === 'platform' && !url.pathname.endsWith('/')) return bad('no such path', 404);
      switch (`${request.method} ${path}`) {
        case kind === 'server' ? 'POST /memories' : 'POST /v3/memories/add':
          return add(body);
        case kind === 'server' ? 'POST /search' : 'POST /v3/memories/search':
          return search(body);
        case `DELETE ${root}`: {
          if (!OWNERS.some((name) => query[name] !== undefined)) return bad('At least one identifier is required.');
          for (const kept of matching(query, true)) memories.delete(kept.id);
          return Response.json({ message: 'All relevant memories deleted' });
        }
        case 'GET /memories': {
          if (!OWNERS.some((name) => query[name] !== undefined)) return bad('At least one identifier is required.');
          const size = Number(query['top_k'] ?? 100);
          if (size > 1_000) return bad([{ type: 'less_than_equal', loc: ['query', 'top_k'] }], 422);
          return Response.json({
            results: matching(query, query['show_expired'] === 'true')
              .slice(0, size)
              .map(json),
          });
        }
        case 'POST /v3/memories': {
          const owners = ownersIn(body['filters']);
          if (owners === undefined) return bad('filters are required');
          const size = Number(query['page_size'] ?? 100);
          const from = (Number(query['page'] ?? 1) - 1) * size;
          const found = matching(owners, body['show_expired'] === true);
          return Response.json({ count: found.length, next: null, previous: null, results: found.slice(from, from + size).map(json) });
        }
      }
      const rest = path.startsWith(`${root}/`) ? path.slice(root.length + 1) : undefined;
      const [id = '', verb] = rest?.split('/') ?? [];
      if (rest === undefined) return bad('Not Found', 404);
      if (verb === 'history') return Response.json(memories.get(decodeURIComponent(id))?.history ?? []);
      return one(decodeURIComponent(id), request, body);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    requests,
    memories,
    get trouble() {
      return fake.trouble;
    },
    set trouble(trouble) {
      fake.trouble = trouble;
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** Owners of `filters`, plain or within AND; undefined where there are none. */
function ownersIn(filters: unknown): Json | undefined {
  if (typeof filters !== 'object' || filters === null) return undefined;
  const all = [filters as Json, ...(((filters as Json)['AND'] as Json[] | undefined) ?? [])];
  const owners = Object.assign(
    {},
    ...all.map((one) => Object.fromEntries(OWNERS.flatMap((name) => (one[name] === undefined ? [] : [[name, one[name]]])))),
  ) as Json;
  return Object.keys(owners).length === 0 ? undefined : owners;
}

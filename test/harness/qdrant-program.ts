/* The stand-in for Qdrant (qdrant.ts) as a process of its own, which can be told to lie. */
import { ANY_WRONG, FaultSwitch, type Wrong } from './fault-switch.ts';
import { startFakeQdrant } from './qdrant.ts';

interface Point {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly score: number;
}

/** The right answer, with other points in it. */
function points(change: (points: readonly Point[]) => readonly unknown[]): Wrong {
  return async (request, right) => {
    const reply = await right();
    if (!isSearch(request)) return reply;
    const told = (await reply.json()) as { result?: { points?: readonly Point[] } };
    const found = told.result?.points;
    return Response.json(found === undefined ? told : { ...told, result: { points: change(found) } });
  };
}

/** Every point there is, made into something else; `partition`: whose were asked for. */
function everything(change: (point: Point, partition: unknown) => Point): Wrong {
  return async (request, right) => {
    if (!isSearch(request)) return right();
    const partition = partitionOf((await request.clone().json()) as Record<string, unknown>);
    const found = (await unfiltered(request)).map((point) => change(point, partition));
    return Response.json({ result: { points: found }, status: 'ok', time: 0 });
  };
}

/** As if the filter were lost: what everybody has. */
async function unfiltered(request: Request): Promise<readonly Point[]> {
  const { filter: _, ...body } = (await request.json()) as Record<string, unknown>;
  const reply = await fetch(qdrant.url + new URL(request.url).pathname, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, limit: 1_000 }),
  });
  return ((await reply.json()) as { result: { points: readonly Point[] } }).result.points;
}

const isSearch = (request: Request): boolean => request.url.endsWith('/points/query');

const partitionOf = (body: Readonly<Record<string, unknown>>): unknown =>
  (body['filter'] as { must: readonly { match: { value: unknown } }[] }).must[0]?.match.value;

const WRONGS: Readonly<Record<string, Wrong>> = {
  ...ANY_WRONG,
  'nothing near': points(() => []),
  'no scores': points((found) => found.map((point) => ({ ...point, score: null }))),
  'scores beyond all bounds': points((found) => found.map((point) => ({ ...point, score: 1e9 }))),
  'points without their payload': points((found) => found.map(({ score }) => ({ id: 7, score }))),
  'ids that were never stored': points((found) =>
    found.map((point, index) => ({ ...point, score: 0.99, payload: { ...point.payload, id: `never-${index}` } })),
  ),
  'what everybody has': everything((point) => point),
  // Whoever trusts what it says of itself would tell one user what another has said.
  'what everybody has as if it were theirs': everything((point, partition) => ({
    ...point,
    score: 0.99,
    payload: { ...point.payload, partition },
  })),
};

const qdrant = startFakeQdrant();
const faults = new FaultSwitch(WRONGS, () => true);
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2] ?? 0),
  fetch: (request) =>
    faults.answer(request, async () => {
      const { pathname, search } = new URL(request.url);
      const body = request.method === 'GET' ? null : await request.clone().text();
      const reply = await fetch(qdrant.url + pathname + search, { method: request.method, headers: request.headers, body });
      return new Response(await reply.text(), { status: reply.status, headers: { 'content-type': 'application/json' } });
    }),
});
process.stdout.write(`ready at http://127.0.0.1:${server.port}\n`);

/* What a service of the tests does wrong at the moment: told to it over HTTP, by name. */

export type Wrong = (request: Request, right: () => Promise<Response>) => Promise<Response> | Response;

/** Around whatever the service would answer. A fault is met by what `isMet` lets pass alone. */
export class FaultSwitch {
  readonly #wrongs: Readonly<Record<string, Wrong>>;
  readonly #isMet: (request: Request) => boolean;
  #wrong: Wrong | undefined;
  #done = 0;

  constructor(wrongs: Readonly<Record<string, Wrong>>, isMet: (request: Request) => boolean) {
    this.#wrongs = wrongs;
    this.#isMet = isMet;
  }

  async answer(request: Request, right: () => Promise<Response>): Promise<Response> {
    if (new URL(request.url).pathname === '/__fault') return this.#told(request);
    if (this.#wrong === undefined || !this.#isMet(request)) return right();
    this.#done += 1;
    return this.#wrong(request, right);
  }

  async #told(request: Request): Promise<Response> {
    if (request.method === 'GET') return new Response(String(this.#done));
    const name = await request.text();
    this.#wrong = this.#wrongs[name];
    this.#done = 0;
    return new Response(null, { status: name === '' || this.#wrong !== undefined ? 204 : 404 });
  }
}

/** Longer than anybody waits. */
const LATE_MS = 3_000;

/** What any service may do wrong. */
export const ANY_WRONG: Readonly<Record<string, Wrong>> = {
  late: async (_, right) => {
    await Bun.sleep(LATE_MS);
    return right();
  },
  'an error page': () => new Response('<html><body><h1>Welcome to nginx!</h1></body></html>', { headers: { 'content-type': 'text/html' } }),
  nothing: () => new Response(''),
  'half of it': async (_, right) => {
    const reply = await right();
    const text = await reply.text();
    return new Response(text.slice(0, text.length / 2), { headers: { 'content-type': 'application/json' } });
  },
  'another type': () => Response.json(['yes']),
  'other members': () => Response.json({ result: { points: 'many' }, data: { embedding: 7 }, status: 'ok', object: 'list' }),
};

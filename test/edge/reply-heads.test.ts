import { expect, test } from 'bun:test';
import { route, startEdge, text } from './edge-server.ts';

test('a reply has nothing of the replies that the same route gave before, or gives beside it', async () => {
  const own = (query: string) => Object.fromEntries(new URLSearchParams(query));
  await using edge = await startEdge(
    [
      route('/x', async (request, exchange) => {
        Object.assign(exchange.replyHeaders, own(request.search));
        return { ...text('ok'), ...(request.search.includes('cookie') ? { cookies: ['a=1'] } : {}) };
      }),
    ],
    { environment: 'production', cors: { origins: ['https://a.example'] } },
  );
  const asked = Array.from(
    { length: 200 },
    (_, index) => `x-${index % 7}=${index}&x-kept=1${index % 3 === 0 ? '&x-cookie=1&vary=Accept' : ''}`,
  );
  await Promise.all(
    asked.map(async (query, index) => {
      const origin = index % 2 === 0 ? { origin: 'https://a.example' } : undefined;
      const { headers } = await fetch(`${edge.url}/x?${query}`, { headers: { 'x-request-id': `id-${index}`, ...origin } });
      const { vary, ...wanted } = own(query);
      const got = Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-') && !/^x-(?:content|frame|xss)/.test(name)));
      expect(got).toEqual({ ...wanted, 'x-correlation-id': `id-${index}`, 'x-request-id': `id-${index}` });
      expect(headers.get('vary')).toBe(vary === undefined ? 'Origin' : `${vary}, Origin`);
      expect(headers.get('access-control-allow-origin')).toBe(origin?.origin ?? null);
      expect(headers.getSetCookie()).toEqual(vary === undefined ? [] : ['a=1']);
    }),
  );
});

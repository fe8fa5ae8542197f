import { describe, expect, test } from 'bun:test';
import { createRouteTable, type Route, RouteTableError } from './route-table.ts';

function route(pattern: string, methods: readonly string[] = ['GET'], more: Partial<Route> = {}): Route {
  const handler = async () => ({ status: 200, headers: {}, body: null });
  return { pattern, methods, kind: 'system', access: 'public', dialect: 'service', handler, ...more };
}

const table = createRouteTable([
  route('/'),
  route('/v1/models'),
  route('/v1/models/{id...}'),
  route('/v1/chat/completions', ['POST']),
  route('/circuit-breakers/{name}/reset', ['POST']),
  route('/api/*', ['*']),
  route('/api/v1/pricing/*', ['POST']),
  route('/api/v1/pricing/*', ['GET']),
  route('/api/v1/pricing/{id}', ['DELETE']),
  route('/v1/stores/{store}'),
  route('/v1/stores/{store}/files'),
  route('/v1/stores/{store}/files/{file}'),
  route('/v1/stores/{store}/files/{file}/content'),
  route('/v1/stores/{store}/batches/{batch}/files'),
]);

describe('a path is matched', () => {
  for (const [path, pattern, params] of [
    ['/', '/'],
    ['/v1/models', '/v1/models'],
    ['/v1/models/', '/v1/models'],
    ['/v1/models/gpt-4o', '/v1/models/{id...}', { id: 'gpt-4o' }],
    ['/v1/models/meta/llama-3', '/v1/models/{id...}', { id: 'meta/llama-3' }],
    ['/v1/models/meta%2Fllama-3/', '/v1/models/{id...}', { id: 'meta/llama-3' }],
    ['/v1/chat/completions', '/v1/chat/completions'],
    ['/circuit-breakers/pricing/reset', '/circuit-breakers/{name}/reset', { name: 'pricing' }],
    ['/circuit-breakers/a/b/reset', undefined],
    ['/circuit-breakers//reset', undefined],
    ['/circuit-breakers/reset', undefined],
    ['/api', '/api/*'],
    ['/api/', '/api/*'],
    ['/api/anything/at/all', '/api/*'],
    ['/apis', undefined],
    ['/api/v1', '/api/*'],
    ['/api/v1/pricing', '/api/v1/pricing/*'],
    ['/api/v1/pricing/quote/7', '/api/v1/pricing/*'],
    ['/api/v1/pricings', '/api/*'],
    ['/api/v1/pricing/7', '/api/v1/pricing/{id}', { id: '7' }],
    ['/v1/stores/a', '/v1/stores/{store}', { store: 'a' }],
    ['/v1/stores/a/files', '/v1/stores/{store}/files', { store: 'a' }],
    ['/v1/stores/a/files/b', '/v1/stores/{store}/files/{file}', { store: 'a', file: 'b' }],
    ['/v1/stores/a/files/b/', '/v1/stores/{store}/files/{file}', { store: 'a', file: 'b' }],
    ['/v1/stores/files/files/files', '/v1/stores/{store}/files/{file}', { store: 'files', file: 'files' }],
    ['/v1/stores/a%2Fb/files/c%20d/content', '/v1/stores/{store}/files/{file}/content', { store: 'a/b', file: 'c d' }],
    ['/v1/stores/a/batches/b/files', '/v1/stores/{store}/batches/{batch}/files', { store: 'a', batch: 'b' }],
    ['/v1/stores//files/b', undefined],
    ['/v1/stores/a/files//content', undefined],
    ['/v1/stores/a/files/b/c', undefined],
    ['/v1/stores/a/b/files/c', undefined],
    ['/v1/stores/a/filesb/c', undefined],
    ['/V1/models', undefined],
    ['/v1', undefined],
    ['/nothing', undefined],
  ] as const) {
    test(`${path} → ${pattern ?? 'nothing'}`, () => {
      const entry = table.match(path);
      const found = ['GET', 'POST', 'DELETE'].map((method) => entry?.find(method)?.pattern).find((each) => each !== undefined);
      expect(found).toBe(pattern);
      if (params !== undefined) expect(entry?.params?.(path)).toEqual(params);
    });
  }

  test('everything below the root, where there is such a route', () => {
    const entry = createRouteTable([route('/*'), route('/x')]).match('/a/b');
    expect(entry?.find('GET')?.pattern).toBe('/*');
  });

  test('in time that does not depend on how many slashes it has', () => {
    const hostile = '/a'.repeat(8_000);
    const startMs = performance.now();
    for (let round = 0; round < 1_000; round += 1) table.match(hostile);
    expect(performance.now() - startMs).toBeLessThan(200);
  });
});

test('methods of one pattern are found by name, HEAD by GET, and listed for Allow', () => {
  const entry = createRouteTable([route('/x', ['GET']), route('/x', ['POST'], { access: 'admin' })]).match('/x');
  expect(entry?.find('HEAD')?.access).toBe('public');
  expect(entry?.find('POST')?.access).toBe('admin');
  expect(entry?.find('PUT')).toBeUndefined();
  expect(entry?.allow).toBe('GET, POST, HEAD, OPTIONS');
  expect(table.match('/api/x')?.find('PROPFIND')?.pattern).toBe('/api/*');
});

describe('the boot stops at', () => {
  const { access: _access, ...undeclared } = route('/x');
  for (const [what, routes] of [
    ['a route that declares no access', [undeclared as Route]],
    ['an access that does not exist', [route('/x', ['GET'], { access: 'everyone' as 'public' })]],
    ['two routes for one method and path', [route('/x'), route('/x')]],
    ['two that differ in the name of a parameter', [route('/x/{a}'), route('/x/{b}')]],
    ['no methods', [route('/x', [])]],
    ['a method in lower case', [route('/x', ['get'])]],
    ['a pattern without a slash', [route('x')]],
    ['a wildcard in the middle', [route('/x/*/y')]],
    ['a wildcard that is no whole segment', [route('/x*')]],
    ['two parameters in one segment', [route('/x/{a}{b}')]],
    ['two parameters of which one may hold slashes', [route('/x/{a...}/{b}')]],
    ['a parameter that is no whole segment', [route('/x/y{a}')]],
  ] as const) {
    test(what, () => expect(() => createRouteTable(routes)).toThrow(RouteTableError));
  }
});

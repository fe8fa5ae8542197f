import { describe, expect, test } from 'bun:test';
import { z } from 'zod';
import type { RouteDocs } from '../../pipeline/route-docs.ts';
import type { DescribedRoute } from './described-route.ts';
import { type OpenApiFacts, openApiDocument } from './document.ts';
import { createOperationIds, openApiMethods, openApiPath } from './route-paths.ts';

const FACTS: OpenApiFacts = {
  version: '1.2.3',
  errorShapes: new Map(),
  keyRequired: true,
  tokens: false,
  metricsAccess: 'public',
  rateWindows: ['minute'],
  cachedPaths: ['/api/prices/*'],
};

const DOCS: RouteDocs = { tag: 'Services', summary: 'A thing', description: 'Does it.', replies: [{ status: 200, description: 'Done.' }] };

function route(given: Partial<DescribedRoute>): DescribedRoute {
  return {
    pattern: '/thing',
    methods: ['GET'],
    kind: 'system',
    access: 'key',
    dialect: 'service',
    docs: DOCS,
    ...given,
  };
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly name?: string;
    readonly $ref?: string;
    readonly required?: boolean;
    readonly description?: string;
  }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly headers?: object }>>;
  readonly security: readonly object[];
  readonly summary: string;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>>; readonly responses: Readonly<Record<string, unknown>> };
}

const documentOf = (routes: readonly DescribedRoute[], facts: Partial<OpenApiFacts> = {}) =>
  openApiDocument(routes, { ...FACTS, ...facts }) as unknown as Document;

const operationOf = (given: Partial<DescribedRoute>, facts: Partial<OpenApiFacts> = {}): Operation => {
  const operation = Object.values(Object.values(documentOf([route(given)], facts).paths)[0] ?? {})[0];
  if (operation === undefined) throw new Error('no operation');
  return operation;
};

describe('patterns become paths', () => {
  for (const { pattern, template, parameters } of [
    { pattern: '/v1/models', template: '/v1/models', parameters: [] },
    { pattern: '/v1/models/{id...}', template: '/v1/models/{id}', parameters: [{ name: 'id', slashes: true }] },
    { pattern: '/breakers/{name}/reset', template: '/breakers/{name}/reset', parameters: [{ name: 'name', slashes: false }] },
    { pattern: '/api/v1/pricing/*', template: '/api/v1/pricing/{path}', parameters: [{ name: 'path', slashes: true }] },
    { pattern: '/*', template: '/{path}', parameters: [{ name: 'path', slashes: true }] },
  ])
    test(pattern, () => expect(openApiPath(pattern)).toEqual({ template, parameters }));

  test('every method that a caller may want stands for `*`', () => {
    expect(openApiMethods(['*'])).toEqual(['get', 'post', 'put', 'patch', 'delete']);
    expect(openApiMethods(['POST', 'PURGE'])).toEqual(['post']);
  });

  test('no two operations share an id', () => {
    const idOf = createOperationIds();
    expect([idOf('get', '/a/b'), idOf('get', '/a-b'), idOf('post', '/a/b')]).toEqual(['getAB', 'getAB2', 'postAB']);
  });
});

describe('an operation', () => {
  test('says who may call it', () => {
    expect(operationOf({ access: 'public' }).security).toEqual([]);
    expect(operationOf({ access: 'metrics' }).security).toEqual([]);
    expect(operationOf({ access: 'metrics' }, { metricsAccess: 'key' }).security).toContainEqual({ bearer: [] });
    expect(operationOf({ access: 'key' }).security).not.toContainEqual({});
    expect(operationOf({ access: 'key' }, { keyRequired: false }).security).toContainEqual({});
    expect(operationOf({ access: 'admin' }, { keyRequired: false }).security).not.toContainEqual({});
    expect(operationOf({ access: 'key' }, { tokens: true }).security).toContainEqual({ jwt: [] });
  });

  test('lists the errors that its kind and access bring, each once', () => {
    expect(Object.keys(operationOf({ access: 'public' }).responses)).toEqual(['200', 'default']);
    expect(Object.keys(operationOf({ access: 'admin' }).responses)).toEqual(['200', '401', '403', '503', 'default']);
    const model = operationOf({ kind: 'model', dialect: 'strange' }).responses;
    expect(Object.keys(model)).toEqual([
      '200',
      '400',
      '401',
      '403',
      '404',
      '408',
      '413',
      '415',
      '429',
      '500',
      '502',
      '503',
      '504',
      'default',
    ]);
    expect(model['429']).toEqual({ $ref: '#/components/responses/GatewayError429' });
  });

  test('keeps its own word on a status', () => {
    const docs: RouteDocs = { ...DOCS, replies: [...DOCS.replies, { status: 503, description: 'Not ready.' }] };
    expect(operationOf({ access: 'admin', docs }).responses['503']).toMatchObject({ description: 'Not ready.' });
  });

  test('has the headers of limits and cache where they apply', () => {
    const namesOf = (given: Partial<DescribedRoute>) => Object.keys(operationOf(given).responses['200']?.headers ?? {});
    expect(namesOf({})).not.toContain('X-RateLimit-Limit-Minute');
    expect(namesOf({ kind: 'service' })).toContain('X-RateLimit-Limit-Minute');
    expect(namesOf({ kind: 'service' })).not.toContain('X-RateLimit-Limit-Hour');
    expect(namesOf({ kind: 'service' })).not.toContain('X-Cache');
    expect(namesOf({ kind: 'service', pattern: '/api/prices/now' })).toContain('X-Cache');
    expect(namesOf({ kind: 'service', pattern: '/api/*' })).toContain('X-Cache');
  });

  test('declares every parameter of its path, described or not', () => {
    const docs: RouteDocs = { ...DOCS, parameters: [{ name: 'dry', in: 'query', description: 'Only look.' }] };
    expect(operationOf({ pattern: '/things/{id...}', docs }).parameters).toEqual([
      { name: 'id', in: 'path', description: 'May hold slashes, plain or as `%2F`.', required: true, schema: { type: 'string' } },
      { name: 'dry', in: 'query', description: 'Only look.', schema: { type: 'string' } },
    ] as unknown as NonNullable<Operation['parameters']>);
  });

  test('is listed though it says nothing, and shows it', () => {
    const { docs: _docs, ...silent } = route({});
    expect(documentOf([silent]).paths['/thing']?.['get']?.summary).toBe('Not described yet');
  });

  test('sends no body where HTTP gives none a meaning', () => {
    const docs: RouteDocs = { ...DOCS, body: { content: { 'application/json': { schema: z.unknown() } } } };
    const item = documentOf([route({ methods: ['*'], docs })]).paths['/thing'];
    expect(item?.['get']?.requestBody).toBeUndefined();
    expect(item?.['post']?.requestBody).toBeDefined();
  });
});

describe('schemas', () => {
  const inside = z.looseObject({ size: z.int().default(1) }).meta({ id: 'DocumentTestInside' });
  const outside = z.looseObject({ inside, list: z.array(inside) }).meta({ id: 'DocumentTestOutside' });
  const using = (schema: z.ZodType): RouteDocs => ({
    ...DOCS,
    replies: [{ status: 200, description: 'Done.', content: { 'application/json': { schema } } }],
  });

  test('with a name become components, also those within others', () => {
    const { components } = documentOf([route({ docs: using(outside) })]);
    expect(components.schemas).toMatchObject({
      DocumentTestInside: { type: 'object', properties: { size: { type: 'integer', default: 1 } }, required: ['size'] },
      DocumentTestOutside: { properties: { inside: { $ref: '#/components/schemas/DocumentTestInside' } } },
    });
  });

  test('that differ must not share a name', () => {
    const input: RouteDocs = { ...using(outside), body: { content: { 'application/json': { schema: inside } } } };
    expect(() => documentOf([route({ methods: ['POST'], docs: input })])).toThrow("two different schemas are named 'DocumentTestInside'");
  });
});

test('the same routes give the same bytes', () => {
  const routes = [route({}), route({ pattern: '/other/*', methods: ['*'], kind: 'service' })];
  expect(JSON.stringify(documentOf(routes))).toBe(JSON.stringify(documentOf(routes)));
});

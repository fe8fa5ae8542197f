import { expect, test } from 'bun:test';
import { defineFact } from './fact.ts';
import { compose, type Handler, type Policy, StackError } from './policy.ts';
import type { RouteInfo } from './route.ts';

const ROUTE: RouteInfo = { pattern: '/x', kind: 'system', access: 'public', dialect: 'service' };
const terminal: Handler = () => Promise.resolve({ status: 200, headers: {}, body: null });

function tracing(name: string, stage: Policy['stage'], trace: string[]): Policy {
  return {
    name,
    stage,
    layer: () => (next) => (request, exchange) => {
      trace.push(name);
      return next(request, exchange);
    },
  };
}

test('policies run in the order of their stages, whatever the order they are given in', async () => {
  const trace: string[] = [];
  const policies = [
    tracing('cache', 'reuse', trace),
    tracing('log', 'observe', trace),
    tracing('limits', 'allow', trace),
    tracing('key', 'identify', trace),
  ];
  await compose(policies, ROUTE, terminal)({} as never, {} as never);
  expect(trace).toEqual(['log', 'key', 'limits', 'cache']);
});

test('a policy that reads a fact which nothing writes before it stops the boot', () => {
  const fact = defineFact<string>('who');
  const reader: Policy = { name: 'reader', stage: 'allow', reads: [fact], layer: () => (next) => next };
  const writer: Policy = { name: 'writer', stage: 'reuse', writes: [fact], layer: () => (next) => next };
  expect(() => compose([reader, writer], ROUTE, terminal)).toThrow(StackError);
  expect(() => compose([reader, { ...writer, stage: 'identify' }], ROUTE, terminal)).not.toThrow();
});

test('a policy that has nothing to do on a route costs nothing there', () => {
  const idle: Policy = { name: 'idle', stage: 'allow', layer: () => undefined };
  expect(compose([idle], ROUTE, terminal)).toBe(terminal);
});

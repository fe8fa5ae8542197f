import { expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import { createManualClock } from '../../base/manual-clock.ts';
import type { Operation } from '../../operations/operation.ts';
import { Exchange } from '../../pipeline/exchange.ts';
import { principalFact } from '../../pipeline/facts.ts';
import type { RouteInfo } from '../../pipeline/route.ts';
import { createModelAccess } from './model-access.ts';

const ROUTE: RouteInfo = { pattern: '/v1/chat/completions', kind: 'model', access: 'key', dialect: 'openai-chat' };

async function call(models: readonly string[] | undefined, model: string): Promise<string> {
  const exchange = new Exchange({
    id: 'c',
    route: ROUTE,
    signal: new AbortController().signal,
    address: '::1',
    clock: createManualClock(),
  });
  const principal = { id: 'key:a', tenant: 't', tier: 'standard', admin: false, kind: 'key' } as const;
  exchange.set(principalFact, models === undefined ? principal : { ...principal, models });
  const layer = createModelAccess().layer(ROUTE);
  const handler = layer?.(async () => ({ status: 200, headers: {}, body: 'ok' }));
  const bytes = new Uint8Array(0);
  const operation: Operation = {
    kind: 'chat',
    dialect: 'openai-chat',
    model,
    stream: false,
    deterministic: false,
    usageWanted: false,
    bytes,
    encode: () => bytes,
  };
  const request = {
    method: 'POST',
    path: '/v1/chat/completions',
    search: '',
    headers: new Headers(),
    body: { kind: 'bytes', bytes } as const,
    operation,
  };
  try {
    return String((await handler?.(request, exchange))?.status);
  } catch (error) {
    return error instanceof GatewayError ? `${error.code} ${error.message}` : 'defect';
  }
}

for (const { name, models, model, want } of [
  { name: 'a key without a list may use any model', models: undefined, model: 'gpt-4o', want: '200' },
  { name: 'a model by its name', models: ['gpt-4o'], model: 'gpt-4o', want: '200' },
  { name: 'a model by a wildcard', models: ['claude-*', 'gpt-*'], model: 'gpt-4o-mini', want: '200' },
  { name: 'no model that merely begins like one', models: ['gpt-4o'], model: 'gpt-4o-mini', want: 'model_forbidden' },
  { name: 'no model by another name for it', models: ['gpt-*'], model: 'openai/gpt-4o', want: 'model_forbidden' },
  { name: 'nothing with an empty list', models: [], model: 'gpt-4o', want: 'model_forbidden' },
]) {
  test(`model access: ${name}`, async () => expect(await call(models, model)).toStartWith(want));
}

test('the refusal does not tell what else there is', async () => {
  expect(await call(['secret-model'], 'gpt-4o')).toBe('model_forbidden this key may not use the model');
});

test('other routes are none of its business', () => {
  expect(createModelAccess().layer({ ...ROUTE, kind: 'service' })).toBeUndefined();
});

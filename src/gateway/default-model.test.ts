import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../base/manual-clock.ts';
import type { ModelListing } from '../upstream/model-list.ts';
import { createDefaultModel } from './default-model.ts';

const NAMED = 'llama-3.3-8b-instruct';

function setup({
  configured,
  names = [],
  has = [],
}: {
  configured?: string;
  names?: readonly string[];
  has?: readonly (readonly string[])[];
}) {
  const clock = createManualClock(0);
  let asked = 0;
  const list = async (): Promise<ModelListing[]> => {
    asked += 1;
    return (has[asked - 1] ?? has.at(-1) ?? []).map((id) => ({ id, object: 'model', created: 0, owned_by: 'x' }));
  };
  const choose = createDefaultModel(configured === undefined ? {} : { default_model: configured }, {
    router: { names },
    list: { list },
    clock,
  });
  return { choose: async () => choose(NAMED), clock, asked: () => asked };
}

describe('the model of a chat that names none', () => {
  for (const row of [
    { name: 'is what the configuration says', given: { configured: 'mine', names: ['a', NAMED] }, want: 'mine' },
    { name: 'is the name of the dialect, where it is configured', given: { names: ['a', NAMED] }, want: NAMED },
    { name: 'is the first that is configured', given: { names: ['a', 'b'] }, want: 'a' },
    { name: 'makes no embeddings', given: { names: ['text-embedding-3', 'bge-m3', 'intfloat/e5-large', 'bge-reranker', 'b'] }, want: 'b' },
    { name: 'is the first all the same, where none seems to chat', given: { names: ['nomic-embed-text'] }, want: 'nomic-embed-text' },
    { name: 'is the name of the dialect, where the provider has it', given: { has: [['a', NAMED]] }, want: NAMED },
    { name: 'is the first that the provider has', given: { has: [['bge-m3', 'llama3.3']] }, want: 'llama3.3' },
    { name: 'is the name of the dialect, where the provider does not say', given: { has: [[]] }, want: NAMED },
  ]) {
    test(row.name, async () => expect(await setup(row.given).choose()).toBe(row.want));
  }

  test('is asked for once a minute, and once for all who ask at once', async () => {
    const { choose, clock, asked } = setup({ has: [['a'], ['b']] });
    expect(await Promise.all([choose(), choose(), choose()])).toEqual(['a', 'a', 'a']);
    clock.advance(59_999);
    expect([await choose(), asked()]).toEqual(['a', 1]);
    clock.advance(1);
    expect([await choose(), asked()]).toEqual(['b', 2]);
  });

  test('is asked for again soon where the provider did not say', async () => {
    const { choose, clock, asked } = setup({ has: [[], ['a']] });
    expect([await choose(), await choose(), asked()]).toEqual([NAMED, NAMED, 1]);
    clock.advance(5_000);
    expect(await choose()).toBe('a');
  });
});

import { describe, expect, test } from 'bun:test';
import { createRig, until } from '../../../test/context/dense-rig.ts';
import { GatewayError } from '../../base/errors.ts';
import type { Partition } from '../../stores/record/record-store.ts';
import type { DenseArm } from './dense-arm.ts';

const ANN: Partition = { tenant: 'one', kind: 'memory', name: 'ann' };
const BOB: Partition = { tenant: 'one', kind: 'memory', name: 'bob' };

const TEXTS = { tea: 'I like green tea in the morning', dog: 'My dog is called Rufus', job: 'I work as a nurse in Leeds' };

async function ids(arm: DenseArm, partition: Partition, query: string): Promise<string[]> {
  const { hits, leftOut } = await arm.search(partition, query, 10);
  expect(leftOut).toEqual([]);
  return hits.map(({ id }) => id);
}

describe('a dense arm', () => {
  test('has vectors read before they are asked for, where there is room, and asks no model for it', async () => {
    const rig = createRig();
    await using arm = rig.arm();
    await rig.write(ANN, TEXTS);
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    rig.model.requests.length = 0;
    expect([await arm.warm(ANN, 3 * 256), await arm.warm(ANN, 3 * 256 - 1), rig.model.requests]).toEqual([3 * 256, 0, []]);
  });

  test('embeds what is written, and finds it by what it means', async () => {
    const rig = createRig();
    await using arm = rig.arm();
    await rig.write(ANN, TEXTS);
    await rig.write(BOB, { cat: 'My cat likes tea' });
    arm.changed(ANN);
    arm.changed(BOB);
    expect(arm.waiting).toBe(2);
    await until(() => arm.waiting === 0);
    expect((await ids(arm, ANN, 'green tea'))[0]).toBe('tea');
    expect(await ids(arm, BOB, 'green tea')).toEqual(['cat']);
    const document = rig.model.requests.find(({ kind }) => kind === 'document');
    expect(document?.owner).toEqual({ tenant: 'one', user: 'ann' });
    expect(rig.model.requests.filter(({ kind }) => kind === 'query').map(({ owner }) => owner.user)).toEqual(['ann', 'bob']);
  });

  test('asks once for a question that comes again, and forgets it with what was erased', async () => {
    const rig = createRig();
    await using arm = rig.arm();
    await rig.write(ANN, TEXTS);
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    const queries = () => rig.model.requests.filter(({ kind }) => kind === 'query').length;
    await Promise.all([ids(arm, ANN, 'tea'), ids(arm, ANN, 'tea'), ids(arm, ANN, 'tea')]);
    await ids(arm, ANN, 'tea');
    expect(queries()).toBe(1);
    await rig.records.erase(ANN);
    await arm.erase(ANN);
    expect(await ids(arm, ANN, 'tea')).toEqual([]);
    expect(await rig.vectors.spaces(ANN)).toEqual([]);
    expect(queries()).toBe(2);
  });

  test('takes away the vectors of what was deleted, and does not ask again for what says the same', async () => {
    const rig = createRig();
    await using arm = rig.arm();
    await rig.write(ANN, TEXTS);
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    const asked = rig.model.requests.length;
    await rig.write(ANN, { tea: null, dog: TEXTS.dog });
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    expect(rig.model.requests.length).toBe(asked);
    expect((await ids(arm, ANN, 'tea dog')).toSorted()).toEqual(['dog', 'job']);
    await rig.write(ANN, { dog: 'My parrot is called Polly' });
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    expect((await ids(arm, ANN, 'parrot'))[0]).toBe('dog');
  });

  test('goes on after a restart where it was, and finds by itself what was written meanwhile', async () => {
    const rig = createRig();
    const first = rig.arm();
    await rig.write(ANN, TEXTS);
    first.changed(ANN);
    await until(() => first.waiting === 0);
    await first[Symbol.asyncDispose]();
    await rig.write(ANN, { new: 'I moved to a lighthouse' });
    await rig.write(BOB, { cat: 'My cat is orange' });
    const asked = rig.model.requests.length;
    await using arm = rig.arm();
    await until(async () => (await ids(arm, BOB, 'orange cat')).length === 1 && (await ids(arm, ANN, 'lighthouse'))[0] === 'new');
    const documents = rig.model.requests.slice(asked).filter(({ kind }) => kind === 'document');
    expect(documents.flatMap(({ texts }) => texts).toSorted()).toEqual(['I moved to a lighthouse', 'My cat is orange']);
  });

  test('waits longer and longer while the model is away, and says so once', async () => {
    const rig = createRig();
    rig.model.meet = () => Promise.reject(new GatewayError('upstream_unreachable', 'nobody is there'));
    await using arm = rig.arm();
    await rig.write(ANN, TEXTS);
    arm.changed(ANN);
    for (let round = 1; round <= 5; round += 1) {
      await until(() => rig.model.requests.length === round);
      await until(() => rig.clock.pending > 0);
      expect(arm.waiting).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      rig.clock.advance(60_000);
    }
    rig.model.meet = () => {};
    await until(() => {
      rig.clock.advance(60_000);
      return arm.waiting === 0;
    });
    expect(rig.faults).toEqual(['nobody is there', 'recovered']);
    expect((await ids(arm, ANN, 'dog'))[0]).toBe('dog');
  });

  test('passes over the one text that the model cannot read', async () => {
    const rig = createRig();
    rig.model.meet = ({ texts }) => {
      if (texts.some((text) => text.startsWith('x'))) throw new GatewayError('context_length_exceeded', 'too long');
    };
    await using arm = rig.arm();
    await rig.write(ANN, { ...TEXTS, bad: 'x'.repeat(100) });
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    expect((await ids(arm, ANN, 'dog')).toSorted()).toEqual(['dog', 'job', 'tea']);
    expect(rig.faults).toEqual(['a record gets no vector: too long']);
  });

  test('cuts a text that is too long for the model', async () => {
    const rig = createRig();
    rig.model.meet = ({ texts }) => {
      if (texts.some((text) => text.length > 1_000)) throw new GatewayError('context_length_exceeded', 'too long');
    };
    await using arm = rig.arm();
    await rig.write(ANN, { long: `lighthouse ${'word '.repeat(700)}` });
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    expect(await ids(arm, ANN, 'lighthouse')).toEqual(['long']);
  });
});

describe('a dense arm whose model was changed', () => {
  test('searches what the model before has made until the new one has made all, and then drops it', async () => {
    const rig = createRig();
    const first = rig.arm('local/one');
    await rig.write(ANN, TEXTS);
    first.changed(ANN);
    await until(() => first.waiting === 0);
    const [old] = await rig.vectors.spaces(ANN);
    await first[Symbol.asyncDispose]();

    const gate = Promise.withResolvers<void>();
    rig.model.meet = ({ model, kind }) => (model === 'local/two' && kind === 'document' ? gate.promise : undefined);
    await using arm = rig.arm('local/two');
    await until(() => rig.model.requests.some(({ model, kind }) => model === 'local/two' && kind === 'document'));
    rig.model.requests.length = 0;
    expect((await ids(arm, ANN, 'green tea'))[0]).toBe('tea');
    expect(rig.model.requests.filter(({ kind }) => kind === 'query').map(({ model }) => model)).toContain('local/one');
    gate.resolve();
    await until(async () => (await rig.vectors.spaces(ANN)).every(({ name }) => name !== old?.name));
    expect((await ids(arm, ANN, 'green tea'))[0]).toBe('tea');
    expect((await rig.vectors.spaces(ANN)).map(({ vectors }) => vectors)).toEqual([3]);
  });

  test('finds part of it when the model before is gone, and says that it is part', async () => {
    const rig = createRig();
    const first = rig.arm('local/one');
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`r${index}`, `record number ${index} about lighthouses`]));
    await rig.write(ANN, many);
    first.changed(ANN);
    await until(() => first.waiting === 0);
    await first[Symbol.asyncDispose]();
    let documents = 0;
    rig.model.meet = ({ model, kind, texts }) => {
      if (model === 'local/one') throw new GatewayError('model_unknown', 'gone');
      documents += kind === 'document' ? texts.length : 0;
      return documents > 100 && kind === 'document' ? new Promise(() => {}) : undefined;
    };
    await using arm = rig.arm('local/two');
    await until(() => documents > 100);
    const { hits, leftOut } = await arm.search(ANN, 'lighthouses', 10);
    expect(leftOut).toEqual(['embeddings']);
    expect(hits.length).toBe(10);
  });

  test('under the same name is noticed by the length of its vectors', async () => {
    const rig = createRig();
    await using arm = rig.arm();
    await rig.write(ANN, TEXTS);
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    rig.model.dimensions = 384;
    expect(await arm.search(ANN, 'green tea', 5)).toEqual({ hits: [], leftOut: ['embeddings'] });
    await rig.write(ANN, { new: 'I moved' });
    arm.changed(ANN);
    await until(async () => arm.waiting === 0 && (await rig.vectors.spaces(ANN)).length === 1);
    expect((await ids(arm, ANN, 'green tea'))[0]).toBe('tea');
    expect((await rig.vectors.spaces(ANN)).map(({ vectors }) => vectors)).toEqual([4]);
  });

  test('under the same name has the vectors of all made anew, also where nothing new is written', async () => {
    const rig = createRig();
    await using arm = rig.arm();
    await rig.write(ANN, TEXTS);
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    for (const dimensions of [384, 256]) {
      rig.model.dimensions = dimensions;
      expect(await arm.search(ANN, `green tea ${dimensions}`, 5)).toEqual({ hits: [], leftOut: ['embeddings'] });
      await until(async () => (await arm.search(ANN, 'green tea', 5)).hits.length === 3);
      rig.clock.advance(5_000);
      expect((await ids(arm, ANN, 'green tea'))[0]).toBe('tea');
      await until(async () => (await rig.vectors.spaces(ANN)).length === 1);
      expect((await rig.vectors.spaces(ANN)).map(({ vectors }) => vectors)).toEqual([3]);
    }
  });

  for (const lies of [1, 2, 5, 9, 13, 20])
    test(`under the same name for ${lies} of its answers costs no record its vector, nor what comes after`, async () => {
      const rig = createRig();
      await using arm = rig.arm();
      const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`r${index}`, `record number ${index} about lighthouses`]));
      await rig.write(ANN, { ...many, ...TEXTS });
      arm.changed(ANN);
      await until(() => arm.waiting === 0);
      let answers = 0;
      rig.model.dimensions = 384;
      rig.model.meet = () => {
        answers += 1;
        if (answers === lies) rig.model.dimensions = 256;
      };
      for (const [id, text] of [['cat', 'My cat is called Tilda'] as const, ['car', 'My car is a blue van'] as const]) {
        await rig.write(ANN, { [id]: text });
        arm.changed(ANN);
        await until(() => {
          rig.clock.advance(60_000);
          return arm.waiting === 0;
        });
      }
      // Until the lies are over, and what the last one began is put right.
      await until(async () => {
        rig.clock.advance(60_000);
        const areOver = answers >= lies;
        return (await arm.search(ANN, `green tea ${answers}`, 5)).leftOut.length === 0 && areOver;
      });
      await until(async () => (await rig.vectors.spaces(ANN)).length === 1);
      expect((await rig.vectors.spaces(ANN)).map(({ vectors }) => vectors)).toEqual([105]);
      expect((await ids(arm, ANN, 'green tea'))[0]).toBe('tea');
    });
});

describe('a store that has lost all', () => {
  test('gets it again, and says meanwhile that there is none, however often it loses it', async () => {
    const rig = createRig();
    await using arm = rig.arm();
    await rig.write(ANN, TEXTS);
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    for (let time = 0; time < 3; time += 1) {
      await rig.vectors.erase(ANN);
      rig.clock.advance(5_000);
      expect(await arm.search(ANN, 'tea', 10)).toEqual({ hits: [], leftOut: ['vectors'] });
      await until(async () => (await arm.search(ANN, 'green tea', 10)).hits[0]?.id === 'tea');
    }
  });

  test('while it was away gets all of it again, also where something new comes first', async () => {
    const rig = createRig();
    await using arm = rig.arm();
    await rig.write(ANN, TEXTS);
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    const put = rig.vectors.put.bind(rig.vectors);
    let refused = 0;
    rig.vectors.put = () => {
      refused += 1;
      return Promise.reject(new Error('away'));
    };
    await rig.write(ANN, { cat: 'My cat is called Tilda' });
    arm.changed(ANN);
    await until(() => refused > 0);
    await rig.vectors.erase(ANN);
    rig.vectors.put = put;
    await until(async () => {
      rig.clock.advance(1_000);
      return (await rig.vectors.spaces(ANN))[0]?.vectors === 4;
    });
    expect((await ids(arm, ANN, 'green tea'))[0]).toBe('tea');
  });
});

describe('erasing', () => {
  test('while vectors are being made leaves none', async () => {
    const rig = createRig();
    await using arm = rig.arm();
    const gate = Promise.withResolvers<void>();
    rig.model.meet = () => gate.promise;
    await rig.write(ANN, TEXTS);
    arm.changed(ANN);
    await until(() => rig.model.requests.length > 0);
    await rig.records.erase(ANN);
    const erased = arm.erase(ANN);
    gate.resolve();
    await erased;
    expect(await rig.vectors.spaces(ANN)).toEqual([]);
    expect(await rig.records.partitions({ limit: 10 })).toEqual([]);
  });

  test('by another process while vectors are being made leaves none', async () => {
    const rig = createRig();
    await using arm = rig.arm();
    const gate = Promise.withResolvers<void>();
    rig.model.meet = () => gate.promise;
    await rig.write(ANN, TEXTS);
    arm.changed(ANN);
    await until(() => rig.model.requests.length > 0);
    await rig.records.erase(ANN);
    await rig.vectors.erase(ANN);
    gate.resolve();
    await until(() => arm.waiting === 0);
    expect((await rig.vectors.spaces(ANN)).filter(({ vectors }) => vectors > 0)).toEqual([]);
  });
});

describe('a search', () => {
  for (const { name, fault, want } of [
    { name: 'whose model is silent', fault: 'model', want: 'embeddings' },
    { name: 'whose store is silent', fault: 'store', want: 'vectors' },
    { name: 'whose log of records is silent', fault: 'records', want: 'vectors' },
  ] as const) {
    test(`${name} ends with its deadline, and says what is missing`, async () => {
      const rig = createRig();
      await using arm = rig.arm();
      await rig.write(ANN, TEXTS);
      arm.changed(ANN);
      await until(() => arm.waiting === 0);
      if (fault === 'model') rig.model.meet = () => new Promise(() => {});
      if (fault === 'store') rig.vectors.search = () => new Promise(() => {});
      if (fault === 'records') rig.records.note = () => new Promise(() => {});
      const answer = arm.search(ANN, 'tea', 5);
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      rig.clock.advance(100);
      expect(await answer).toEqual({ hits: [], leftOut: [want] });
    });
  }

  test('is not made to wait again and again for a model that is away', async () => {
    const rig = createRig();
    await using arm = rig.arm();
    await rig.write(ANN, TEXTS);
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    rig.model.meet = () => Promise.reject(new GatewayError('upstream_unreachable', 'nobody'));
    for (let round = 0; round < 20; round += 1) expect((await arm.search(ANN, `tea ${round}`, 5)).leftOut).toEqual(['embeddings']);
    expect(rig.model.requests.filter(({ texts }) => texts[0]?.startsWith('tea')).length).toBe(5);
  });

  test('takes nothing from a store that lies', async () => {
    const rig = createRig();
    await using arm = rig.arm();
    await rig.write(ANN, TEXTS);
    arm.changed(ANN);
    await until(() => arm.waiting === 0);
    rig.vectors.search = async () => [
      { id: 'a', score: Number.NaN },
      { id: 'b', score: 7 },
      { id: 'tea', score: 0.4 },
      { id: 'dog', score: 0.9 },
      { id: 'tea', score: 0.3 },
    ];
    expect(await arm.search(ANN, 'tea', 1)).toEqual({ hits: [{ id: 'dog', score: 0.9 }], leftOut: [] });
    rig.vectors.search = async () => [{ id: 'a', score: Number.NaN }];
    expect(await arm.search(ANN, 'tea', 1)).toEqual({ hits: [], leftOut: ['vectors'] });
  });
});

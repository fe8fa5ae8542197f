import { describe, expect, test } from 'bun:test';
import { ANN, BOB, createRig, ids, TEXTS, until } from '../../../test/context/dense-rig.ts';
import { GatewayError } from '../../base/errors.ts';

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

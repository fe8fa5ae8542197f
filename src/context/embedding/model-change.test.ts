/* An embedding model that becomes another one: by its name, under its old name, for a while, or all the time. */
import { describe, expect, test } from 'bun:test';
import { ANN, createRig, ids, TEXTS, until } from '../../../test/context/dense-rig.ts';
import { GatewayError } from '../../base/errors.ts';

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

  for (const [what, change] of [
    ['with every answer', () => true],
    ['with every page', ({ texts }: { texts: readonly string[] }) => texts.some((text) => /record 63 /.test(text)) || texts.length === 1],
  ] as const)
    test(`under the same name ${what} is not asked without end`, async () => {
      const rig = createRig();
      await using arm = rig.arm();
      const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`r${index}`, `record ${index} about lighthouses`]));
      await rig.write(ANN, { ...many, ...TEXTS });
      arm.changed(ANN);
      await until(() => arm.waiting === 0);
      rig.model.meet = (request) => {
        if (change(request)) rig.model.dimensions = rig.model.dimensions === 256 ? 384 : 256;
      };
      rig.model.dimensions = 384;
      const asked = rig.model.requests.length;
      await rig.write(ANN, { cat: 'My cat is called Tilda' });
      arm.changed(ANN);
      await until(() => rig.faults.length > 0);
      for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(rig.faults).toEqual(['the embedding model changes the length of its vectors from one answer to the next']);
      expect(rig.model.requests.length - asked).toBeLessThan(60);
      rig.model.meet = () => {};
      rig.model.dimensions = 256;
      await until(async () => {
        rig.clock.advance(60_000);
        return arm.waiting === 0 && (await rig.vectors.spaces(ANN)).length === 1;
      });
      expect((await rig.vectors.spaces(ANN)).map(({ vectors }) => vectors)).toEqual([204]);
      expect((await ids(arm, ANN, 'green tea'))[0]).toBe('tea');
    });
});

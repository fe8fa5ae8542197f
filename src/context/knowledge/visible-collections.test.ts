import { describe, expect, test } from 'bun:test';
import type { Collection } from './knowledge.ts';
import { visibleCollections } from './visible-collections.ts';

const collection = (id: string, more: Partial<Collection> = {}): Collection => ({
  id,
  name: id.slice(3),
  createdMs: 1,
  lastActiveMs: 1,
  metadata: {},
  ...more,
});
const ALL = new Map(
  [
    collection('vs_docs'),
    collection('vs_old', { name: 'twice' }),
    collection('vs_new', { name: 'twice', createdMs: 2 }),
    collection('vs_ann', { name: 'default', user: 'ann' }),
    collection('vs_default'),
    collection('vs_bob', { name: 'notes', user: 'bob' }),
  ].map((each) => [each.id, each]),
);
const ANN = { tenant: 't', user: 'ann' };

describe('collections that a chat looks into', () => {
  test('are those that it names, by id or by name; of two with one name the newer', () => {
    expect(visibleCollections(ANN, ['docs', 'vs_docs', 'twice', 'vs_old'], ALL)).toEqual(['vs_docs', 'vs_docs', 'vs_new', 'vs_old']);
  });

  test('or the default one of the tenant and of the user', () => {
    expect(visibleCollections(ANN, undefined, ALL).toSorted()).toEqual(['vs_ann', 'vs_default']);
    expect(visibleCollections({ tenant: 't' }, undefined, ALL)).toEqual(['vs_default']);
    expect(visibleCollections({ tenant: 't', collections: ['docs'] }, undefined, ALL)).toEqual([]);
  });

  test('are no other user’s, and none that the key may not use: as if they were not there', () => {
    for (const [viewer, name] of [
      [ANN, 'vs_bob'],
      [ANN, 'notes'],
      [ANN, 'never'],
      [{ tenant: 't', collections: ['docs'] }, 'twice'],
    ] as const)
      expect(() => visibleCollections(viewer, [name], ALL)).toThrow(`there is no collection '${name}'`);
  });
});

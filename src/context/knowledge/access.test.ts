import { expect, test } from 'bun:test';
import { mayChange, maySee, namedCollectionId } from './access.ts';

const shared = { id: 'vs_1', name: 'manuals' };
const anns = { id: 'vs_2', name: 'notes', user: 'ann' };

for (const [who, viewer, collection, sees, changes] of [
  ['the tenant sees and changes its own', { tenant: 't' }, shared, true, true],
  ['a user sees the tenant’s, and does not change it', { tenant: 't', user: 'ann' }, shared, true, false],
  ['a user sees and changes its own', { tenant: 't', user: 'ann' }, anns, true, true],
  ['another user does neither', { tenant: 't', user: 'bob' }, anns, false, false],
  ['nor does the tenant', { tenant: 't' }, anns, false, false],
  ['a list of names lets those in', { tenant: 't', collections: ['man*'] }, shared, true, true],
  ['and of ids', { tenant: 't', collections: ['vs_1'] }, shared, true, true],
  ['and keeps others out', { tenant: 't', collections: ['note*', 'vs_2'] }, shared, false, false],
  ['and opens nothing of another user', { tenant: 't', user: 'bob', collections: ['*'] }, anns, false, false],
] as const) {
  test(who, () => expect([maySee(viewer, collection), mayChange(viewer, collection)]).toEqual([sees, changes]));
}

test('a name leads each user to a collection of their own', () => {
  const ids = [undefined, 'ann', 'bob', 'null'].map((user) =>
    namedCollectionId({ tenant: 't', ...(user === undefined ? {} : { user }) }, 'default'),
  );
  expect(new Set(ids).size).toBe(4);
});

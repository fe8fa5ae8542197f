import { expect, test } from 'bun:test';
import { mayHoldReference, referenceOf } from './references.ts';

for (const row of [
  { item: { type: 'item_reference', id: 'msg_1' }, want: 'msg_1' },
  { item: { id: 'msg_1' }, want: 'msg_1' },
  { item: { type: null, id: 'msg_1' }, want: 'msg_1' },
  { item: { role: 'user', content: 'x', id: 'msg_1' }, want: undefined },
  { item: { type: 'message', role: 'user', content: 'x', id: 'msg_1' }, want: undefined },
  { item: { type: 'item_reference', id: 7 }, want: undefined },
  { item: { type: 'item_reference' }, want: undefined },
  { item: 'msg_1', want: undefined },
  { item: null, want: undefined },
  { item: ['msg_1'], want: undefined },
]) {
  test(`${JSON.stringify(row.item)} ${row.want === undefined ? 'is no reference' : 'is a reference'}`, () => {
    expect(referenceOf(row.item)).toBe(row.want as string);
    // What is one is never overlooked in a body.
    if (row.want === undefined) return;
    for (const space of [undefined, 2])
      expect(mayHoldReference(Buffer.from(JSON.stringify({ input: [row.item] }, null, space)))).toBe(true);
  });
}

test('items that were sent whole are no references', () => {
  const items = [
    { id: 'rs_1', type: 'reasoning', summary: [] },
    { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'n', arguments: '{"id":"a"}' },
  ];
  expect(mayHoldReference(Buffer.from(JSON.stringify({ input: items })))).toBe(false);
});

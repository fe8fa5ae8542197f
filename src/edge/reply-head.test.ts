import { describe, expect, test } from 'bun:test';
import { ReplyHead } from './reply-head.ts';

const CONSTANT = { 'x-frame-options': 'DENY', 'content-security-policy': "default-src 'self'" };

type Given = readonly (readonly [string, string])[];

/** What each of these replies, one after the other, is sent with. */
function sent(...replies: readonly Given[]): Record<string, string>[] {
  const head = new ReplyHead(new Headers(CONSTANT));
  return replies.map((given) => {
    head.begin();
    for (const [name, value] of given) head.set(name, value);
    return Object.fromEntries(new Headers(head.finish()));
  });
}

describe('the head of a reply', () => {
  for (const { name, before, given, want } of [
    { name: 'has what is constant, and what was set', before: [], given: [['age', '1']], want: { ...CONSTANT, age: '1' } },
    {
      name: 'has the newer value of a header that the reply before had',
      before: [
        ['age', '1'],
        ['x-cache', 'HIT'],
      ],
      given: [
        ['age', '2'],
        ['x-cache', 'HIT'],
      ],
      want: { ...CONSTANT, age: '2', 'x-cache': 'HIT' },
    },
    {
      name: 'has nothing of the reply before that it did not set itself',
      before: [
        ['x-gatehouse-model', 'secret'],
        ['age', '1'],
      ],
      given: [['age', '1']],
      want: { ...CONSTANT, age: '1' },
    },
    {
      name: 'has nothing of the reply before, also where it has as many headers',
      before: [['x-gatehouse-model', 'secret']],
      given: [['age', '1']],
      want: { ...CONSTANT, age: '1' },
    },
    {
      name: 'has nothing of the reply before, also where it sets one header twice',
      before: [
        ['x-gatehouse-model', 'secret'],
        ['age', '1'],
      ],
      given: [
        ['age', '1'],
        ['age', '2'],
      ],
      want: { ...CONSTANT, age: '2' },
    },
    {
      name: 'has its own value in place of a constant one',
      before: [],
      given: [['content-security-policy', "default-src 'none'"]],
      want: { ...CONSTANT, 'content-security-policy': "default-src 'none'" },
    },
    {
      name: 'has the constant value again after a reply with another',
      before: [['content-security-policy', "default-src 'none'"]],
      given: [],
      want: CONSTANT,
    },
    {
      name: 'may have headers with the names of what every object has',
      before: [['constructor', 'a']],
      given: [['__proto__', 'b']],
      want: { ...CONSTANT, ['__proto__']: 'b' },
    },
  ] satisfies { name: string; before: Given; given: Given; want: Record<string, string> }[]) {
    test(name, () => {
      const [, last] = sent(before, given);
      expect(last).toEqual(want);
    });
  }

  test('is none with a value that HTTP does not know, and the next one is as if that had not been', () => {
    const head = new ReplyHead(new Headers(CONSTANT));
    head.begin();
    head.set('age', '1');
    expect(() => head.set('x-model', 'a\nb')).toThrow();
    head.begin();
    head.set('x-cache', 'HIT');
    expect(Object.fromEntries(head.finish())).toEqual({ ...CONSTANT, 'x-cache': 'HIT' });
  });
});

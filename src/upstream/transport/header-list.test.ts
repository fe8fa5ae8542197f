import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { HeaderList } from './header-list.ts';

const names = fc.constantFrom('set-cookie', 'vary', 'x-a', 'x-b', 'content-type', '__proto__', 'constructor');
// Not empty: of several empty ones Bun's own say less than all of them.
const values = fc.string({ unit: fc.constantFrom('a', 'b', ',', ' ', ';', '=', '"', '\xe4') }).map((value) => value.trim() || '-');
const fields = fc.array(fc.tuple(names, values), { maxLength: 12 });

test('a list says what Headers say', () => {
  fc.assert(
    fc.property(fields, (pairs) => {
      const list = new HeaderList(pairs.flat());
      const headers = new Headers(pairs);
      for (const name of ['set-cookie', 'vary', 'x-a', 'x-b', 'content-type', '__proto__', 'constructor', 'none'])
        expect(list.get(name)).toBe(headers.get(name));
      expect(list.getSetCookie()).toEqual(headers.getSetCookie());
      // `Headers` are sorted by name; a list keeps the order of the wire.
      const byName = ([a]: [string, string], [b]: [string, string]) => (a < b ? -1 : Number(a > b));
      expect([...list].sort(byName)).toEqual([...headers].sort(byName));
      expect([...new Set([...list].map(([name]) => name))]).toEqual([...new Set(pairs.map(([name]) => name))]);
      expect([...new Headers([...list])]).toEqual([...headers]);
    }),
  );
});

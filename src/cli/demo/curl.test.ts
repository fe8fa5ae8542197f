import { expect, test } from 'bun:test';
import { curlLines, type Wire } from './curl.ts';

const GET: Wire = { method: 'GET', url: 'http://127.0.0.1:1/x', headers: {}, body: undefined, file: undefined };

for (const { name, wire, want } of [
  { name: 'what needs no quotes', wire: GET, want: 'curl -sSN http://127.0.0.1:1/x' },
  { name: 'a query, which a shell would take apart', wire: { ...GET, url: 'http://h/x?a=1&b=2' }, want: "curl -sSN 'http://h/x?a=1&b=2'" },
  { name: 'a method that curl would not take by itself', wire: { ...GET, method: 'POST' }, want: 'curl -sSN -X POST http://127.0.0.1:1/x' },
  {
    name: 'a body with quotes in it',
    wire: { ...GET, method: 'POST', headers: { A: 'b' }, body: `{"x":"it's"}` },
    want: "curl -sSN http://127.0.0.1:1/x \\\n  -H 'A: b' \\\n  --data-raw '{\"x\":\"it'\\''s\"}'",
  },
]) {
  test(`curl: ${name}`, () => expect(curlLines(wire).join('\n')).toBe(want));
}

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { JSON_LIMITS, type JsonScan, JsonScanError, memberBoolean, memberJson, memberNumber, memberString, scanJson } from './json-scan.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const scanText = (text: string): JsonScan => scanJson(utf8(text));

function faultOf(bytes: Uint8Array, limits = JSON_LIMITS): JsonScanError | undefined {
  try {
    scanJson(bytes, limits);
    return undefined;
  } catch (error) {
    if (error instanceof JsonScanError) return error;
    throw error;
  }
}

/** Whether JSON.parse takes the bytes: undefined when it does not. */
function parsed(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) };
  } catch {
    return undefined;
  }
}

/** The scan must accept what JSON.parse accepts, and see the same members, unless a key occurs twice. */
function agrees(bytes: Uint8Array): void {
  const fault = faultOf(bytes);
  if (fault?.fault === 'duplicate') return;
  const truth = parsed(bytes);
  expect({ valid: fault === undefined, fault: fault?.message }).toEqual({ valid: truth !== undefined, fault: fault?.message });
  if (truth === undefined) return;
  const scan = scanJson(bytes);
  if (scan.kind !== 'object') {
    expect(scan.size).toBe(0);
    return;
  }
  const object = truth.value as Record<string, unknown>;
  expect(scan.names().sort()).toEqual(Object.keys(object).sort());
  for (const [name, value] of Object.entries(object)) {
    expect(memberJson(scan, name)).toEqual(value);
    if (typeof value === 'string') expect(memberString(scan, name)).toBe(value);
    if (typeof value === 'number') expect(memberNumber(scan, name)).toBe(Number.isFinite(value) ? value : undefined);
    if (typeof value === 'boolean') expect(memberBoolean(scan, name)).toBe(value);
  }
}

describe('scanJson accepts what JSON.parse accepts', () => {
  for (const text of [
    '{}',
    '[]',
    'null',
    ' 1 ',
    '"a"',
    '{"a":1}',
    '{"a":{"b":[1,{"c":null}]},"d":"e"}',
    '\t{\r\n"a" : 1 , "b" : [ ] }\n',
    '-0',
    '-0.1e+5',
    '1E400',
    '"\\u00e9\\ud83d\\n\\/"',
    '"é🦊\u2028\u007f"',
    '{"":1}',
    '{"\\u0061":1,"b":2}',
    '{"é":1,"e":2}',
    '{"__proto__":1,"constructor":2}',
    '["\uFEFF"]',
    '',
    ' ',
    '{',
    '[',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '[1,]',
    '[,1]',
    '{,}',
    '{a:1}',
    "{'a':1}",
    '{"a" 1}',
    '{"a":1 "b":2}',
    '[1 2]',
    '01',
    '-',
    '-a',
    '1.',
    '.5',
    '1e',
    '1e+',
    '+1',
    '0x10',
    'NaN',
    'Infinity',
    'tru',
    'truee',
    'nul',
    'True',
    '"',
    '"a',
    '"\\',
    '"\\x"',
    '"\\u12"',
    '"\\u12g4"',
    '"\n"',
    '"\t"',
    '"\u0000"',
    '{}}',
    '[]]',
    '{]',
    '[}',
    '1 2',
    '{} {}',
    '\uFEFF{}',
    '\u00a0{}',
    '// c\n{}',
    '{"a":1}/*c*/',
    '\f{}',
    '\v1',
    ']',
    '}',
    ',',
    ':',
  ]) {
    test(JSON.stringify(text), () => agrees(utf8(text)));
  }

  test('for any value, as written by JSON.stringify with any spacing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t', '\r\n '), (value, space) => {
        const bytes = utf8(JSON.stringify(value, null, space));
        agrees(bytes);
        expect(faultOf(bytes)).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  test('for any object with awkward keys', () => {
    const key = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('model', 'mode', 'messages', '', '"', '\\', '\uFEFFa', '\ud800', '\udc00'),
    );
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 40 }), (value) => agrees(utf8(JSON.stringify(value)))),
      { numRuns: 1_000 },
    );
  });

  test('for valid text with a few bytes changed, removed or added', () => {
    const edit = fc.record({ at: fc.nat(300), remove: fc.nat(3), add: fc.uint8Array({ maxLength: 3 }) });
    const tokens = fc
      .constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '0', '1', '-', '.', 'e', 't', '\n', ' ', '\u0001', 'é')
      .map(utf8);
    const edits = fc.array(fc.oneof(edit, fc.record({ at: fc.nat(300), remove: fc.nat(1), add: tokens })), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.jsonValue(), edits, (value, changes) => {
        let bytes = Buffer.from(JSON.stringify(value));
        for (const { at, remove, add } of changes) {
          const start = at % (bytes.length + 1);
          bytes = Buffer.concat([bytes.subarray(0, start), add, bytes.subarray(start + remove)]);
        }
        agrees(bytes);
      }),
      { numRuns: 10_000 },
    );
  });

  test('for every prefix of a valid text, of which only the last is whole', () => {
    const bytes = utf8('{"a":[1.5e3,"x\\u00e9é\\n",{"b":null}],"c":true}');
    for (let end = 0; end < bytes.length; end += 1) {
      const fault = faultOf(bytes.subarray(0, end));
      expect(['truncated', 'utf8']).toContain(fault?.fault ?? 'accepted');
      agrees(bytes.subarray(0, end));
    }
  });
});

describe('scanJson refuses', () => {
  for (const row of [
    {
      name: 'text that ends too early',
      text: '{"a":[1,',
      fault: 'truncated',
      message: 'unexpected end of JSON at byte 8 (line 1, column 9)',
    },
    {
      name: 'a wrong character',
      text: '{"a":1,\n "é" 2}',
      fault: 'syntax',
      message: "unexpected character '2' at byte 14 (line 2, column 6)",
    },
    {
      name: 'a control character',
      text: '["\u0001"]',
      fault: 'syntax',
      message: 'unescaped control character in a string at byte 2 (line 1, column 3)',
    },
    { name: 'an unknown escape', text: '["\\q"]', fault: 'syntax', message: 'invalid escape in a string at byte 2 (line 1, column 3)' },
    {
      name: 'a key that occurs twice',
      text: '{"model":"a","model":"b"}',
      fault: 'duplicate',
      message: "the key 'model' occurs twice at byte 13 (line 1, column 14)",
    },
    {
      name: 'the same key in disguise',
      text: '{"model":1,"mod\\u0065l":2}',
      fault: 'duplicate',
      message: "the key 'model' occurs twice at byte 11 (line 1, column 12)",
    },
    {
      name: 'the same key, first in disguise',
      text: '{"mod\\u0065l":1,"a":1,"model":2}',
      fault: 'duplicate',
      message: "the key 'model' occurs twice at byte 22 (line 1, column 23)",
    },
  ]) {
    test(row.name, () => {
      const fault = faultOf(utf8(row.text));
      expect({ fault: fault?.fault, message: fault?.message }).toEqual({ fault: row.fault as never, message: row.message });
    });
  }

  test('bytes that are not UTF-8, and says where', () => {
    for (const [bytes, offset] of [
      [[34, 0x80, 34], 1],
      [[34, 0xc3, 0xa9, 0xc0, 0x80, 34], 3],
      [[34, 0xed, 0xa0, 0x80, 34], 1],
      [[34, 0xf5, 0x80, 0x80, 0x80, 34], 1],
      [[34, 97, 0xe2, 0x82], 2],
    ] as const) {
      const fault = faultOf(Uint8Array.from(bytes));
      expect({ fault: fault?.fault, offset: fault?.offset }).toEqual({ fault: 'utf8', offset });
    }
  });

  test('what is over a limit, and nothing at the limit', () => {
    const limits = { depthMax: 3, nodesMax: 5, keyBytesMax: 4, membersMax: 2 };
    for (const [text, fault] of [
      ['[[[1]]]', undefined],
      ['[[[[]]]]', 'depth'],
      ['[1,2,3,4]', undefined],
      ['[1,2,3,4,5]', 'nodes'],
      ['[{"abcd":1}]', undefined],
      ['[{"abcde":1}]', 'key'],
      ['{"a":1,"b":2}', undefined],
      ['{"a":1,"b":2,"c":3}', 'members'],
      ['[{"a":1,"b":2,"c":3}]', undefined],
    ] as const) {
      expect({ text, fault: faultOf(utf8(text), limits)?.fault }).toEqual({ text, fault });
    }
  });

  test('a key repeated among many, and takes many different ones', () => {
    const many = Array.from({ length: 200 }, (_, index) => `"key-${index}":${index}`);
    expect(memberNumber(scanText(`{${many.join(',')}}`), 'key-199')).toBe(199);
    for (const repeated of [0, 10, 16, 17, 100, 199]) {
      expect(faultOf(utf8(`{${[...many, `"key-${repeated}":0`].join(',')}}`))?.fault).toBe('duplicate');
    }
  });

  test('deep nesting without using the stack', () => {
    const text = '['.repeat(1_000_000);
    expect(faultOf(utf8(text))?.fault).toBe('depth');
  });
});

test('a member that is absent or of another kind reads as undefined', () => {
  const scan = scanText('{"s":"x","n":1,"b":true,"z":null,"big":1e999}');
  expect([
    memberString(scan, 'n'),
    memberNumber(scan, 's'),
    memberBoolean(scan, 'z'),
    memberJson(scan, 'none'),
    memberNumber(scan, 'big'),
  ]).toEqual([undefined, undefined, undefined, undefined, undefined]);
  expect(['s', 'n', 'b', 'z'].map((name) => scan.get(name)?.kind)).toEqual(['string', 'number', 'boolean', 'null']);
});

test('spans cover exactly the key and the value', () => {
  const text = ' { "a" : [1, 2] , "b":\t"x" } ';
  const scan = scanText(text);
  const spans = [0, 1, 2]
    .map((index) => scan.at(index))
    .map((member) => member && [text.slice(member.keyStart, member.start), text.slice(member.start, member.end)]);
  expect(spans).toEqual([['"a" : ', '[1, 2]'], ['"b":\t', '"x"'], undefined]);
});

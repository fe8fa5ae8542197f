import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { RouteInfo } from '../../pipeline/route.ts';
import { bodyShape, readBody } from './screen-body.ts';
import { screeningConfig } from './screen-config.ts';
import { formFields, jsonFields, multipartFields } from './screen-fields.ts';
import { createScreenRules } from './screen-rules.ts';
import { isSqlInjection } from './sql-injection.ts';
import { textForms } from './text-forms.ts';
import { isXss } from './xss.ts';

describe('the forms of a text', () => {
  for (const { name, text, want } of [
    { name: 'plain text is itself alone', text: "it's 5 > 3", want: ["it's 5 > 3"] },
    { name: 'percent once', text: '%3Cb%3E', want: ['%3Cb%3E', '<b>'] },
    { name: 'percent twice', text: '%253Cb', want: ['%253Cb', '%3Cb', '<b'] },
    { name: 'entities without semicolons, with zeros', text: '&#0000060b&#x3E', want: ['&#0000060b&#x3E', '<b>'] },
    { name: 'escapes of JavaScript', text: '\\x3cb\\u{3e}', want: ['\\x3cb\\u{3e}', '<b>'] },
    { name: 'full-width letters', text: '＜ｂ＞', want: ['＜ｂ＞', '<b>'] },
    { name: 'bytes that are no UTF-8', text: '%ff', want: ['%ff', '\ufffd'] },
    { name: 'no escapes at all', text: '100% &b \\u12', want: ['100% &b \\u12'] },
    { name: 'a character that does not exist', text: '&#x110000;x', want: ['&#x110000;x', 'x'] },
  ]) {
    test(name, () => expect(textForms(text)).toEqual(want));
  }
});

describe('the fields of a body', () => {
  const found = (fields: Iterable<{ where: string; text: string }>) => Array.from(fields, ({ where, text }) => [where, text]);

  test('JSON: every string with its place, and keys that are not plain names', () => {
    const text = '{"user":{"name":"Bo","tags":["a",{"x":"\\u003cb"}],"n":1},"an odd key":"v","last":"w"}';
    expect(found(jsonFields(text))).toEqual([
      ['body.user.name', 'Bo'],
      ['body.user.tags[]', 'a'],
      ['body.user.tags[].x', '<b'],
      ['body[key]', 'an odd key'],
      ['body[key]', 'v'],
      ['body.last', 'w'],
    ]);
  });

  test('JSON: a key that is said twice is read twice, whichever a service takes', () => {
    expect(found(jsonFields('{"a":"one","a":"two"}'))).toEqual([
      ['body.a', 'one'],
      ['body.a', 'two'],
    ]);
  });

  for (const { name, text, want } of [
    { name: 'cut inside a string', text: '{"a":"abc', want: [['body.a', 'abc']] },
    { name: 'with a comma too many', text: '{"a":"x",}', want: [['body.a', 'x']] },
    {
      name: 'as lines',
      text: '{"a":"x"}\n{"a":"y"}',
      want: [
        ['body.a', 'x'],
        ['body.a', 'y'],
      ],
    },
    { name: 'a bare string', text: '"x"', want: [['body', 'x']] },
    { name: 'closed more often than opened', text: ']]}"x"', want: [['body', 'x']] },
  ]) {
    test(`JSON: ${name}`, () => expect(found(jsonFields(text))).toEqual(want));
  }

  test('JSON: a hundred thousand levels are walked without recursion', () => {
    const depth = 100_000;
    expect(found(jsonFields(`${'['.repeat(depth)}"x"${']'.repeat(depth)}`))).toEqual([['body[]', 'x']]);
  });

  test('forms: plus and percent are decoded, and odd names are fields of their own', () => {
    expect(found(formFields('a=1+or+1%3D1&%27or=2&c&=d', 'body'))).toEqual([
      ['body.a', '1 or 1=1'],
      ['body[key]', "'or"],
      ['body[key]', '2'],
      ['body[key]', ''],
      ['body[key]', 'd'],
    ]);
  });

  test('multipart: fields and names of files are read, contents of files are not', () => {
    const body = [
      '--B\r\nContent-Disposition: form-data; name="title"\r\n\r\nhello\r\n',
      '--B\r\nContent-Disposition: form-data; name="f"; filename="a\\"b.html"\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>\r\n',
      '--B--\r\n',
    ].join('');
    const { fields, fault } = multipartFields(Buffer.from(body), 'B', true);
    expect(found(fields)).toEqual([
      ['body.title', 'hello'],
      ['body.f (file name)', 'a"b.html'],
    ]);
    expect(fault).toBeUndefined();
    expect(multipartFields(Buffer.from(body.slice(0, -6)), 'B', true).fault).toContain('end is missing');
    expect(multipartFields(Buffer.from(body.slice(0, 60)), 'B', false).fault).toBeUndefined();
    expect(multipartFields(Buffer.from('x'), 'B', true).fault).toContain('boundary');
  });
});

describe('the structure of a body', () => {
  const fault = (contentType: string, body: string | Uint8Array, isWhole = true) =>
    readBody({
      shape: bodyShape(contentType),
      bytes: typeof body === 'string' ? Buffer.from(body) : body,
      isWhole,
      limits: { depthMax: 64, nodesMax: 1_000 },
    }).fault;

  for (const { name, type, body, want } of [
    { name: 'JSON that is fine', type: 'application/json', body: '{"a":[1,2,{"b":null}]}', want: undefined },
    { name: 'JSON that is cut', type: 'application/json', body: '{"a":', want: 'unexpected end of JSON' },
    { name: 'JSON that is none', type: 'application/json; charset=utf-8', body: 'hello', want: 'unexpected character' },
    { name: 'JSON with something behind it', type: 'application/vnd.api+json', body: '{} x', want: 'unexpected character' },
    { name: 'JSON 10,000 levels deep', type: 'application/json', body: '['.repeat(10_000), want: 'more than 64 levels' },
    { name: 'JSON of too many values', type: 'application/json', body: `[${'1,'.repeat(2_000)}1]`, want: 'more than 1000 values' },
    { name: 'JSON that says a key twice, and not which', type: 'application/json', body: '{"zq":1,"zq":2}', want: 'a key occurs twice' },
    { name: 'JSON that is no UTF-8', type: 'application/json', body: new Uint8Array([0x22, 0xff, 0x22]), want: 'invalid UTF-8' },
    { name: 'a form with half an escape', type: 'application/x-www-form-urlencoded', body: 'a=%4', want: 'begins no escape' },
    { name: 'multipart without a boundary', type: 'multipart/form-data', body: 'x', want: 'no boundary' },
    { name: 'text is anything', type: 'text/plain', body: '{', want: undefined },
    { name: 'lines of JSON', type: 'application/x-ndjson', body: '{}\n{}\n', want: undefined },
  ]) {
    test(name, () => {
      const said = fault(type, body);
      if (want === undefined) expect(said).toBeUndefined();
      else expect(said).toContain(want);
      expect(said ?? '').not.toContain('zq');
    });
  }

  test('the beginning of a long one is not called cut', () => {
    expect(fault('application/json', '{"a":"lö', false)).toBeUndefined();
    expect(fault('application/json', Buffer.from('{"a":"ö').subarray(0, -1), false)).toBeUndefined();
    expect(fault('application/json', '{"a" x', false)).toContain('unexpected');
  });

  test('another charset is read as such, and one that does not exist is told', () => {
    const utf16 = Buffer.from('"<b>"', 'utf16le');
    const { fields, fault: said } = readBody({
      shape: bodyShape('application/json; charset=utf-16le'),
      bytes: utf16,
      isWhole: true,
      limits: { depthMax: 64, nodesMax: 9 },
    });
    expect([...fields]).toEqual([{ where: 'body', text: '<b>' }]);
    expect(said).toBeUndefined();
    expect(() => fault('application/json; charset=ibm037', '{}')).toThrow(RangeError);
  });
});

describe('rules', () => {
  const service = (pattern: string): RouteInfo => ({ pattern, kind: 'service', access: 'key', dialect: 'service', service: 's' });
  const model: RouteInfo = { pattern: '/v1/chat/completions', kind: 'model', access: 'key', dialect: 'd', operation: 'chat' };
  const REPORT = { sql_injection: 'report', xss: 'report', structure: 'report' } as const;
  const rulesOf = (given: object) => createScreenRules(screeningConfig.parse({ ...REPORT, ...given }));
  const OFF = { sql_injection: 'off', xss: 'off', structure: 'off' } as const;

  for (const { name, given, route, has } of [
    { name: 'services are screened', given: {}, route: service('/api/*'), has: true },
    { name: 'models are not', given: {}, route: model, has: false },
    { name: 'nor with checks that block', given: { xss: 'block' }, route: model, has: false },
    { name: 'but where a rule says so', given: { rules: [{ match: '/v1/chat/*' }] }, route: model, has: true },
    { name: 'off is off', given: OFF, route: service('/api/*'), has: false },
    {
      name: 'a rule that turns a whole route off',
      given: { rules: [{ match: '/api/*', ...OFF }] },
      route: service('/api/x/*'),
      has: false,
    },
    {
      name: 'a rule that turns an exact route off',
      given: { rules: [{ match: '/infer*', ...OFF }] },
      route: service('/infer/python'),
      has: false,
    },
    {
      name: 'a rule that turns a part of a route off',
      given: { rules: [{ match: '/api/x', ...OFF }] },
      route: service('/api/*'),
      has: true,
    },
    { name: 'a rule for elsewhere', given: { ...OFF, rules: [{ match: '/other/*', xss: 'block' }] }, route: service('/api/*'), has: false },
    {
      name: 'a rule for a part of a route',
      given: { ...OFF, rules: [{ match: '/api/x', xss: 'block' }] },
      route: service('/api/*'),
      has: true,
    },
  ]) {
    test(name, () => expect(rulesOf(given)(route) !== undefined).toBe(has));
  }

  test('nothing is screened unless it is asked for', () =>
    expect(createScreenRules(screeningConfig.parse({}))(service('/api/*'))).toBeUndefined());

  test('the first that matches counts, also for a path in escapes', () => {
    const find = rulesOf({
      rules: [
        { match: '/api/safe/*', ...OFF },
        { match: '/api/*', xss: 'block' },
      ],
    })(service('/api/*'));
    expect(find?.('/api/safe/x').isOff).toBe(true);
    expect(find?.('/api/x').modes).toEqual({ sql_injection: 'report', xss: 'block', structure: 'report' });
    expect(rulesOf({ rules: [{ match: '/api/admin*', xss: 'block' }] })(service('/api/*'))?.('/api/%61dmin').modes.xss).toBe('block');
  });
});

test('no text and no bytes make it throw, whatever they are', () => {
  const words = fc.constantFrom(..."' \" ` < > = ( ) ; , -- # /* */ %27 &# \\u0 or union select case end x' 1 @@ [ { \n".split(' '));
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(words, fc.string()), { maxLength: 40 }).map((parts) => parts.join(' ')),
  );
  const types = fc.constantFrom(
    'application/json',
    'application/x-ndjson',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    '',
  );
  fc.assert(
    fc.property(texts, types, fc.boolean(), (text, type, isWhole) => {
      const bytes = Buffer.from(type.startsWith('multipart') ? `--x\r\n${text}` : text);
      const { fields } = readBody({ shape: bodyShape(type), bytes, isWhole, limits: { depthMax: 64, nodesMax: 1_000 } });
      for (const field of [...fields, { text }]) {
        for (const form of textForms(field.text)) {
          isSqlInjection(form);
          isXss(form);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

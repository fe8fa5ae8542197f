import { describe, expect, test } from 'bun:test';
import { z } from 'zod';
import { configSchema } from './config.ts';
import { parsePath } from './config-path.ts';
import { isSecret, maskLine, withoutCredentials } from './secret.ts';

describe('what must not be shown', () => {
  for (const [path, secret] of [
    ['auth.keys[0].key', true],
    ['auth.jwt.secret', true],
    ['providers.openai.api_key', true],
    ['providers.openai.headers.x-whatever', true],
    ['telemetry.traces.headers.authorization', true],
    ['services.a.headers["X-Api-Key"]', true],
    ['auth.keys[0].name', false],
    ['auth.keys[0].tier', false],
    ['server.tls.key_file', false],
    ['auth.jwt.public_key_file', false],
    ['limits.routes[0].by', false],
    ['somewhere.new.client_secret', true],
    ['somewhere.new.dbPassword', true],
    ['somewhere.api_keys[3]', true],
  ] as const) {
    test(`${path} ${secret ? 'is a secret' : 'is none'}`, () => {
      expect(isSecret(configSchema, parsePath(path) ?? [], 'text')).toBe(secret);
    });
  }

  test('numbers and switches are none, whatever they are called', () => {
    expect(isSecret(configSchema, ['upstream', 'first_token'], 10)).toBe(false);
  });

  test('whatever a schema marks is one', () => {
    const schema = z.strictObject({ plain: z.strictObject({ inner: z.string() }).meta({ secret: true }).optional() });
    expect(isSecret(schema, ['plain', 'inner'], 'x')).toBe(true);
  });
});

test('a URL is shown without what opens it', () => {
  expect(withoutCredentials('redis://:hunter2@cache:6379/0')).toBe('redis://••••@cache:6379/0');
  expect(withoutCredentials('https://u:p@h/p?api_key=abc&x=1')).toBe('https://••••@h/p?api_key=••••&x=1');
  expect(withoutCredentials('http://host:8000/v1')).toBe('http://host:8000/v1');
});

describe('a line of a file is shown without secrets, columns unmoved', () => {
  for (const [line, want] of [
    ['  key: sk-live-123456', '  key: ••••••••••••••'],
    ['  api_key: "abc def"  # why', '  api_key: •••••••••  # why'],
    ['- { name: shop, key: abc123, tier: gold }', '- { name: shop, key: ••••••, tier: gold }'],
    ['  secrett: oops', '  secrett: ••••'],
    ['  key: ${SHOP_KEY}', '  key: ${SHOP_KEY}'],
    ['  first_token_timeout: 10x', '  first_token_timeout: 10x'],
    ['  key_file: /etc/key.pem', '  key_file: /etc/key.pem'],
    ['  counters: redis://:pw@host', '  counters: redis://•••@host'],
    ['  note: sk-abcdef123', '  note: ••••••••••••'],
    ['  keys: [one, two]', '  keys: ••••••••••'],
  ] as const) {
    test(line, () => {
      expect(maskLine(line)).toBe(want);
      expect(maskLine(line).length).toBe(line.length);
    });
  }
});

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { isSecretName, REDACTED, redact, redactText } from './redaction.ts';

const alphabet = fc.stringMatching(/^[A-Za-z0-9]{16,48}$/);
/** Credentials in the shapes that vendors give them. */
const secret = fc.oneof(
  alphabet.map((rest) => `sk-${rest}`),
  alphabet.map((rest) => `sk-proj-${rest}`),
  alphabet.map((rest) => `sk-ant-api03-${rest}`),
  alphabet.map((rest) => `gsk_${rest}`),
  alphabet.map((rest) => `xai-${rest}`),
  alphabet.map((rest) => `hf_${rest}`),
  alphabet.map((rest) => `ghp_${rest}`),
  alphabet.map((rest) => `github_pat_${rest}`),
  alphabet.map((rest) => `glpat-${rest}`),
  alphabet.map((rest) => `xoxb-${rest}`),
  fc.stringMatching(/^[A-Za-z0-9_-]{35}$/).map((rest) => `AIza${rest}`),
  fc.stringMatching(/^[A-Z0-9]{16}$/).map((rest) => `AKIA${rest}`),
  fc.tuple(alphabet, alphabet, alphabet).map(([head, body, tail]) => `eyJ${head}.${body}.${tail}`),
);
const words = fc.constantFrom('', 'upstream said: ', 'key ', '/v1/chat/', 'a-b_c ', 'é ', 'media/', '"', '(', 'x=', 'model sk ', '\n');

describe('a text', () => {
  test('never shows a planted credential, wherever it stands', () => {
    fc.assert(
      fc.property(secret, words, words, (planted, before, after) => {
        expect(redactText(`${before}${planted}${after === '' ? '' : ` ${after}`}`)).not.toContain(planted);
      }),
      { numRuns: 2_000 },
    );
  });

  test('never shows what a Bearer scheme, a name or a URL introduces', () => {
    const forms = [
      (value: string) => `Authorization: Bearer ${value}`,
      (value: string) => `bearer ${value}`,
      (value: string) => `{"api_key":"${value}","model":"x"}`,
      (value: string) => `{'client_secret': '${value}'}`,
      (value: string) => `/v1/models?key=${value}&alt=sse`,
      (value: string) => `POST /x?access_token=${value}`,
      (value: string) => `password: ${value}, user: bob`,
      (value: string) => `redis://default:${value}@cache:6379/0`,
      (value: string) => `postgres://:${value}@db/x`,
      (value: string) => `Cookie: session=${value}`,
      (value: string) => `x-api-key=${value}`,
    ];
    fc.assert(
      fc.property(alphabet, fc.constantFrom(...forms), (value, form) => {
        expect(redactText(form(value))).not.toContain(value);
      }),
      { numRuns: 1_000 },
    );
  });

  for (const text of [
    '/v1/chat/completions',
    '/api/v1/recommendations/users/1234/items',
    '0af76519-16cd-43dd-8448-eb211c80319c',
    'llama-3.3-8b-instruct',
    'connect ECONNREFUSED 127.0.0.1',
    'the task-list is ask-driven',
    'max_tokens must be from 1 to 4096',
  ]) {
    test(`is left alone when it holds no secret: ${text}`, () => {
      expect(redactText(text)).toBe(text);
    });
  }

  test('is cut when it is absurdly long', () => {
    expect(redactText('x'.repeat(100_000)).length).toBeLessThan(10_000);
  });
});

describe('a name', () => {
  for (const name of [
    'authorization',
    'Authorization',
    'api_key',
    'apiKey',
    'X-API-Key',
    'key',
    'token',
    'access_token',
    'clientSecret',
    'password',
    'set-cookie',
    'SECRET_KEY',
    'OPENAI_API_KEY',
  ]) {
    test(`${name} holds a secret`, () => {
      expect(isSecretName(name)).toBe(true);
    });
  }
  for (const name of ['input_tokens', 'maxTokens', 'key_file', 'correlation_id', 'monkey_business', 'first_token_timeout', 'tokenizer']) {
    test(`${name} holds none`, () => {
      expect(isSecretName(name)).toBe(false);
    });
  }
});

describe('a value', () => {
  test('never shows what is planted under a secret name, at any depth and in any form', () => {
    const name = fc.constantFrom('authorization', 'api_key', 'apiKey', 'token', 'secret', 'password', 'cookie', 'X-Api-Key', 'jwt');
    const planted = fc.stringMatching(/^planted[a-z]{8}$/);
    const held = (value: unknown, form: number): unknown =>
      [value, [value], { inner: value }, Number, new Map([['x', value]])][form] ?? value;
    const wrapped = (value: unknown, depth: number): unknown =>
      depth === 0 ? value : depth % 2 === 0 ? [wrapped(value, depth - 1)] : { nested: wrapped(value, depth - 1) };
    fc.assert(
      fc.property(name, planted, fc.nat(4), fc.nat(12), (key, value, form, depth) => {
        expect(JSON.stringify(redact(wrapped({ [key]: held(value, form) }, depth))) ?? '').not.toContain(value);
      }),
      { numRuns: 2_000 },
    );
  });

  test('keeps what is no secret, and says whether one is set', () => {
    expect(redact({ model: 'm', status: 200, tokens: 5, api_key: null, secret: true, at: new Date(0) })).toEqual({
      model: 'm',
      status: 200,
      tokens: 5,
      api_key: null,
      secret: true,
      at: '1970-01-01T00:00:00.000Z',
    });
  });

  test('unfolds errors with their causes, and cuts credentials out of them', () => {
    const error = new Error('refused: Bearer abcdef123456', { cause: new TypeError('token=qwertyuiop') });
    const shown = JSON.stringify(redact({ error }));
    expect(shown).toContain('refused');
    expect(shown).toContain('TypeError');
    expect(shown).not.toContain('abcdef123456');
    expect(shown).not.toContain('qwertyuiop');
  });

  test('survives cycles, depth, width, big integers, functions and bytes', () => {
    const cycle: Record<string, unknown> = { big: 10n, call: () => 1, bytes: new Uint8Array(3), nan: Number.NaN };
    cycle['self'] = cycle;
    let deep: unknown = 'bottom';
    for (let depth = 0; depth < 100; depth += 1) deep = [deep];
    expect(redact(cycle)).toEqual({ big: '10', call: undefined, bytes: '[3 bytes]', nan: 'NaN', self: '[cycle]' });
    expect(JSON.stringify(redact(deep))).toContain('[deep]');
    expect((redact(Array.from({ length: 5_000 }, () => 1)) as unknown[]).length).toBe(200);
  });

  test('hides the values of headers', () => {
    expect(redact(new Headers({ authorization: 'Basic dXNlcg==', accept: '*/*' }))).toEqual({ authorization: REDACTED, accept: '*/*' });
  });
});

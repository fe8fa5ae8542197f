import { describe, expect, test } from 'bun:test';
import { configSchema } from './config.ts';
import { isLoopback, unsafe } from './safety.ts';

const KEY = { name: 'a', key: 'a-key-of-our-own' };
const production = { host: '127.0.0.1', environment: 'production' };

describe('a start is refused for', () => {
  for (const [name, config, want] of [
    ['nothing, by default', {}, []],
    ['nothing, with a key of our own anywhere', { server: { host: '0.0.0.0' }, auth: { keys: [KEY] } }, []],
    ['nothing, with tokens anywhere', { server: { host: '::' }, auth: { jwt: { secret: 'long-enough-secret' } } }, []],
    ['listening to all without keys', { server: { host: '0.0.0.0' } }, ['server.host']],
    ['listening by a host name without keys', { server: { host: 'gateway.internal' } }, ['server.host']],
    ['listening to all while keys are not required', { server: { host: '::' }, auth: { keys: [KEY], required: false } }, ['auth.required']],
    [
      'listening to all with a documented key',
      { server: { host: '0.0.0.0' }, auth: { keys: [{ name: 'a', key: 'sk-test-key-123' }] } },
      ['auth.keys[0].key'],
    ],
    ['nothing, for documented keys on loopback in development', { auth: { keys: [{ name: 'a', key: 'dev-gateway-key-12345' }] } }, []],
    [
      'documented keys in production',
      { server: production, auth: { keys: [KEY, { name: 'b', key: 'sk-admin-key-456' }, { name: 'c', key: 'sk-dev-key-789' }] } },
      ['auth.keys[1].key', 'auth.keys[2].key'],
    ],
    [
      'documented keys in production, once, when others reach us',
      { server: { ...production, host: '0.0.0.0' }, auth: { keys: [{ name: 'b', key: 'dev-gateway-key-12345' }] } },
      ['auth.keys[0].key'],
    ],
    [
      'the documented secret in production',
      { server: production, auth: { jwt: { secret: 'dev-secret-key-change-in-production' } } },
      ['auth.jwt.secret'],
    ],
    ['production without keys', { server: production }, ['auth.keys']],
    ['production that requires no keys', { server: production, auth: { keys: [KEY], required: false } }, ['auth.required']],
    [
      'production that every page may call',
      { server: { ...production, cors: { origins: ['*'] } }, auth: { keys: [KEY] } },
      ['server.cors.origins'],
    ],
    [
      'a documented example in production',
      { server: production, auth: { keys: [{ name: 'a', key: 'change-me-console' }] } },
      ['auth.keys[0].key'],
    ],
    [
      'everything at once, in production',
      {
        server: { ...production, host: '0.0.0.0', cors: { origins: ['*'] } },
        auth: { keys: [{ name: 'b', key: 'dev-gateway-key-12345' }], jwt: { secret: 'your-secure-secret-key' }, required: false },
      },
      ['auth.required', 'auth.keys[0].key', 'auth.jwt.secret', 'server.cors.origins'],
    ],
    [
      'a provider that is the gateway itself',
      { providers: { openai: { base_url: 'http://localhost:8080/v1' } } },
      ['providers.openai.base_url'],
    ],
    ['a service that is the gateway itself', { services: { a: { urls: ['http://127.0.0.1:8080'] } } }, ['services.a.urls']],
    ['nothing, for a neighbour on another port', { providers: { openai: { base_url: 'http://localhost:8081/v1' } } }, []],
  ] as [string, object, string[]][]) {
    test(name, () => {
      const problems = unsafe(configSchema.parse(config));
      expect(problems.map(({ path }) => path)).toEqual(want);
      for (const { hint } of problems) expect(hint).toBeString();
    });
  }
});

test('only addresses of this machine are loopback', () => {
  for (const host of ['localhost', '127.0.0.1', '127.8.9.1', '::1', '[::1]', 'LOCALHOST']) expect(isLoopback(host)).toBe(true);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.example.com', 'host', '']) expect(isLoopback(host)).toBe(false);
});

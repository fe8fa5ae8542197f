import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../base/errors.ts';
import { readContextHeader } from './context-header.ts';

describe('a wish by header', () => {
  for (const { text, want } of [
    { text: 'memory=read', want: { memory: { read: true, write: false } } },
    { text: 'memory=read,write', want: { memory: { read: true, write: true } } },
    { text: ' memory = write , read ', want: { memory: { read: true, write: true } } },
    { text: 'memory=on', want: { memory: { read: true, write: true } } },
    { text: 'memory=off;knowledge=off', want: { memory: { read: false, write: false }, knowledge: { on: false } } },
    { text: 'knowledge=on', want: { knowledge: { on: true } } },
    { text: 'knowledge=vs_1, vs_2,vs_1', want: { knowledge: { on: true, collections: ['vs_1', 'vs_2'] } } },
    { text: 'user=alice; session=s-1; agent=a; run=r', want: { user: 'alice', session: 's-1', agent: 'a', run: 'r' } },
    { text: 'user=J%C3%B6rg%20M%2C', want: { user: 'Jörg M,' } },
    { text: 'user=a@b.example:1', want: { user: 'a@b.example:1' } },
  ]) {
    test(text, () => expect(readContextHeader(text)).toEqual(want as ReturnType<typeof readContextHeader>));
  }
});

describe('what is no wish is refused, and says why', () => {
  for (const { text, want } of [
    { text: '', want: "words such as memory=read,write with ';' between" },
    { text: 'memory', want: "not 'memory'" },
    { text: 'memory=read;', want: 'must be words' },
    { text: '=read', want: 'must be words' },
    { text: 'memory=', want: "'memory' must be read, write" },
    { text: 'memory=Read', want: "not 'Read'" },
    { text: 'memory=read,read', want: "'memory' must be" },
    { text: 'memory=read;memory=write', want: "says 'memory' twice" },
    { text: 'Memory=read', want: "not 'Memory'" },
    { text: 'memory=read,on', want: "'memory' must be" },
    { text: 'knowledge=', want: "'knowledge' must be a name" },
    { text: 'knowledge=vs_1,,vs_2', want: "'knowledge' must be a name" },
    { text: `knowledge=${Array.from({ length: 17 }, (_, at) => `v${at}`).join(',')}`, want: 'more than 16 collections' },
    { text: 'user=two words', want: "'user' must be a name" },
    { text: 'user=%', want: "'user' must be a name" },
    { text: 'user=%00', want: "'user' must be a name" },
    { text: 'user=%ff', want: "'user' must be a name" },
    { text: `user=${'x'.repeat(257)}`, want: "'user' must be a name" },
    { text: 'limit=5', want: "not 'limit'" },
    { text: 'x'.repeat(5_000), want: 'longer than 4096' },
    { text: '{"memory":true}', want: 'must be words' },
  ]) {
    test(text.slice(0, 40), () => {
      let error: unknown;
      try {
        readContextHeader(text);
      } catch (cause) {
        error = cause;
      }
      expect(error).toBeInstanceOf(GatewayError);
      expect(error).toMatchObject({ code: 'request_invalid', options: { param: 'x-gatehouse-context' } });
      expect((error as Error).message).toContain(want);
    });
  }
});

/* Every case against a platform signal too: an Aborter is a part of it. */
import { describe, expect, test } from 'bun:test';
import { type Abortable, Aborter, platformSignal } from './abort.ts';

const KINDS: readonly (readonly [string, () => { readonly signal: Abortable; readonly abort: (reason: unknown) => void }])[] = [
  [
    'an AbortSignal',
    () => {
      const controller = new AbortController();
      return { signal: controller.signal, abort: (reason) => controller.abort(reason) };
    },
  ],
  [
    'an Aborter',
    () => {
      const aborter = new Aborter();
      return { signal: aborter, abort: (reason) => aborter.abort(reason) };
    },
  ],
];

describe.each(KINDS)('%s', (_name, make) => {
  test('tells its listeners once, in order, and keeps the first reason', () => {
    const { signal, abort } = make();
    const told: string[] = [];
    signal.addEventListener('abort', () => told.push(`a ${signal.aborted} ${String(signal.reason)}`));
    signal.addEventListener('abort', { handleEvent: () => told.push('b') });
    signal.throwIfAborted();
    expect([signal.aborted, signal.reason]).toEqual([false, undefined]);
    abort('first');
    abort('second');
    expect(told).toEqual(['a true first', 'b']);
    expect([signal.aborted, signal.reason]).toEqual([true, 'first']);
    expect(() => signal.throwIfAborted()).toThrow('first');
  });

  test('a listener that was removed is not told, another that was never there is no matter', () => {
    const { signal, abort } = make();
    const told: string[] = [];
    const listeners = ['a', 'b', 'c'].map((name) => () => void told.push(name));
    for (const listener of listeners) signal.addEventListener('abort', listener);
    if (listeners[1] !== undefined) signal.removeEventListener('abort', listeners[1]);
    const stranger = () => {};
    signal.removeEventListener('abort', stranger);
    abort(undefined);
    expect(told).toEqual(['a', 'c']);
  });

  test('a listener that another one removes while they are told is not told', () => {
    const { signal, abort } = make();
    const told: string[] = [];
    const last = { handleEvent: () => void told.push('last') };
    signal.addEventListener('abort', () => {
      told.push('first');
      signal.removeEventListener('abort', last);
    });
    signal.addEventListener('abort', () => void told.push('second'));
    signal.addEventListener('abort', last);
    abort(undefined);
    expect(told).toEqual(['first', 'second']);
  });

  test('a listener that removes itself, or one before it, keeps nobody from being told', () => {
    const { signal, abort } = make();
    const told: string[] = [];
    const first = () => {
      told.push('first');
      signal.removeEventListener('abort', first);
    };
    signal.addEventListener('abort', first);
    signal.addEventListener('abort', () => {
      told.push('second');
      signal.removeEventListener('abort', first);
    });
    signal.addEventListener('abort', () => void told.push('third'));
    abort(undefined);
    expect(told).toEqual(['first', 'second', 'third']);
  });

  test('one that is added twice is told once, and gone when it was removed once', () => {
    const { signal, abort } = make();
    const told: string[] = [];
    const [a, b] = [() => void told.push('a'), () => void told.push('b')];
    for (const listener of [a, a, b, b]) signal.addEventListener('abort', listener);
    signal.removeEventListener('abort', b);
    abort(undefined);
    expect(told).toEqual(['a']);
  });

  test('one that is added while they are told, or afterwards, is never told', () => {
    const { signal, abort } = make();
    signal.addEventListener('abort', () => signal.addEventListener('abort', () => expect.unreachable()));
    abort(undefined);
    signal.addEventListener('abort', () => expect.unreachable());
    abort(undefined);
  });

  test('an abort inside a listener changes nothing', () => {
    const { signal, abort } = make();
    const told: unknown[] = [];
    signal.addEventListener('abort', () => {
      abort('inner');
      told.push(signal.reason);
    });
    signal.addEventListener('abort', () => void told.push(signal.reason));
    abort('outer');
    expect(told).toEqual(['outer', 'outer']);
  });

  test('a platform signal follows it, until it is disposed', () => {
    const { signal, abort } = make();
    const followed = platformSignal(signal);
    const left = platformSignal(signal);
    if (left.signal !== signal) left[Symbol.dispose]();
    abort('gone');
    expect([followed.signal.aborted, followed.signal.reason]).toEqual([true, 'gone']);
    expect(left.signal.aborted).toBe(left.signal === signal);
    expect(platformSignal(signal).signal.aborted).toBe(true);
  });
});

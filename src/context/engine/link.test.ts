import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import { createManualClock } from '../../base/manual-clock.ts';
import { Link, type LinkMessage, type Serve } from './link.ts';

/** Two sides; messages are cloned, as between threads, and wait until they are carried over. */
function pair(serve: Serve, callsMax = 10) {
  const clock = createManualClock();
  const faults: string[] = [];
  const queue: (() => void)[] = [];
  const side = (other: () => Link, serving: Serve) =>
    new Link(
      { what: 'the engine', callsMax },
      {
        post: (message: LinkMessage) => {
          const cloned = structuredClone(message);
          queue.push(() => other().take(cloned));
        },
      },
      { clock, serve: serving, onFault: (message) => faults.push(message) },
    );
  const near: Link = side(
    () => far,
    () => 'near',
  );
  const far: Link = side(() => near, serve);
  const carry = async () => {
    for (let round = 0; round < 10; round++) {
      while (queue.length > 0) queue.shift()?.();
      await Promise.resolve();
    }
  };
  return { near, far, clock, faults, carry };
}

const SECOND = { timeoutMs: 1_000 };
const failed = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

describe('a call', () => {
  test('is answered, out of order too, and in both directions', async () => {
    const first = Promise.withResolvers<string>();
    const { near, far, carry } = pair((method, given) => (method === 'slow' ? first.promise : given[0]));
    const slow = near.call('slow', [], SECOND);
    const quick = near.call('echo', [{ a: new Float32Array([1, 2]) }], SECOND);
    const back = far.call('anything', [], SECOND);
    await carry();
    expect(await quick).toEqual({ a: new Float32Array([1, 2]) });
    expect(await back).toBe('near');
    first.resolve('late');
    await carry();
    expect(await slow).toBe('late');
    expect(near.waiting).toBe(0);
  });

  test('that fails in words of the catalogue fails in the same words; a defect is told to the log alone', async () => {
    const { near, carry, faults } = pair((method) => {
      if (method === 'refuse') throw new GatewayError('request_invalid', 'no such thing', { param: 'x' });
      throw new TypeError('a secret of the code');
    });
    const refused = failed(near.call('refuse', [], SECOND));
    const broken = failed(near.call('break', [], SECOND));
    await carry();
    expect(await refused).toMatchObject({ code: 'request_invalid', message: 'no such thing', options: { param: 'x' } });
    expect(await broken).toMatchObject({ code: 'storage_unavailable', message: 'the engine failed' });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain('a secret of the code');
  });

  test('ends at its deadline: the other side is told, and its late answer is nobody’s', async () => {
    let signal: AbortSignal | undefined;
    const answer = Promise.withResolvers<string>();
    const { near, clock, carry } = pair((_method, _given, given) => {
      signal = given;
      return answer.promise;
    });
    const late = failed(near.call('x', [], SECOND));
    await carry();
    clock.advance(1_000);
    expect(await late).toMatchObject({ code: 'storage_unavailable' });
    await carry();
    expect(signal?.aborted).toBe(true);
    answer.resolve('too late');
    await carry();
    expect(near.waiting).toBe(0);
  });

  test('that reaches a busy side after its deadline is not begun', async () => {
    let begun = 0;
    const { near, clock, carry } = pair(() => ++begun);
    const late = failed(near.call('x', [], SECOND));
    clock.advance(1_001);
    await carry();
    expect(await late).toBeInstanceOf(GatewayError);
    expect(begun).toBe(0);
  });

  test('ends with the caller’s signal, and none is begun for one that has left', async () => {
    const { near, carry } = pair(() => new Promise(() => undefined));
    const leaver = new AbortController();
    const left = failed(near.call('x', [], { ...SECOND, signal: leaver.signal }));
    await carry();
    leaver.abort();
    expect(await left).toBeInstanceOf(GatewayError);
    expect(await failed(near.call('x', [], { ...SECOND, signal: leaver.signal }))).toBeInstanceOf(GatewayError);
    expect(near.waiting).toBe(0);
  });

  test('is refused when too many are under way, when it cannot be cloned, and when the other side is lost', async () => {
    const { near, carry } = pair(() => new Promise(() => undefined), 2);
    const waiting = [failed(near.call('a', [], SECOND)), failed(near.call('b', [], SECOND))];
    expect(await failed(near.call('c', [], SECOND))).toMatchObject({ code: 'storage_unavailable' });
    near.lose('the engine ended');
    expect(await Promise.all(waiting)).toMatchObject([{ message: 'the engine ended' }, { message: 'the engine ended' }]);
    expect(await failed(near.call('d', [() => 1], SECOND))).toBeInstanceOf(Error);
    await carry();
    expect(near.waiting).toBe(0);
  });
});

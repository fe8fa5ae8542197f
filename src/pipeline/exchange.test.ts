import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../base/manual-clock.ts';
import { Exchange, type Outcome } from './exchange.ts';
import { defineFact } from './fact.ts';

const COMPLETE: Outcome = { kind: 'complete', status: 200, bytesSent: 3 };

function create(): Exchange {
  return new Exchange({
    id: 'c-1',
    route: { pattern: '/x', kind: 'system', access: 'public', dialect: 'service' },
    signal: new AbortController().signal,
    address: '127.0.0.1',
    clock: createManualClock(),
  });
}

describe('an exchange', () => {
  test('ends once, and tells its listeners innermost first', () => {
    const exchange = create();
    const heard: string[] = [];
    exchange.onEnd((outcome) => heard.push(`outer ${outcome.kind}`));
    exchange.onEnd((outcome) => heard.push(`inner ${outcome.kind}`));
    exchange.end(COMPLETE);
    exchange.end({ kind: 'cut', status: 200, bytesSent: 9 });
    expect(heard).toEqual(['inner complete', 'outer complete']);
    expect(exchange.outcome).toEqual(COMPLETE);
  });

  test('tells a listener that comes too late at once, so that whatever it frees is freed', () => {
    const exchange = create();
    exchange.end(COMPLETE);
    const heard: Outcome[] = [];
    exchange.onEnd((outcome) => heard.push(outcome));
    expect(heard).toEqual([COMPLETE]);
  });

  test('keeps each fact to one writer', () => {
    const exchange = create();
    const fact = defineFact<number>('answer');
    expect(() => exchange.get(fact)).toThrow("fact 'answer' is read before it is written");
    expect(exchange.peek(fact)).toBeUndefined();
    exchange.set(fact, 42);
    expect(exchange.get(fact)).toBe(42);
    expect(() => exchange.set(fact, 43)).toThrow("fact 'answer' is written twice");
  });
});

test('bytes that a layer has given out count, whatever the stream below says of its own', () => {
  const exchange = create();
  const told: number[] = [];
  exchange.onEnd(({ bytesSent }) => told.push(bytesSent));
  exchange.bytesGiven = 0;
  exchange.bytesGiven += 70;
  exchange.end({ kind: 'complete', status: 200, bytesSent: 50 });
  expect([told, exchange.outcome?.bytesSent]).toEqual([[70], 70]);
});

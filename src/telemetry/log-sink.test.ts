import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../base/manual-clock.ts';
import { createLogSink, type LogOutput } from './log-sink.ts';

/** An output whose writes end when the test says so. */
function createGate() {
  const batches: string[] = [];
  const pending: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const output: LogOutput = {
    write(text) {
      batches.push(text);
      return new Promise((resolve, reject) => pending.push({ resolve, reject }));
    },
  };
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  return {
    output,
    batches,
    async release() {
      pending.shift()?.resolve();
      await settled();
    },
    async fail() {
      pending.shift()?.reject(new Error('EPIPE'));
      await settled();
    },
  };
}

function createTestSink(limits: { batchMin?: number; bufferedMax?: number } = {}) {
  const clock = createManualClock();
  const gate = createGate();
  const sink = createLogSink(
    { lingerMs: 50, batchMin: limits.batchMin ?? 100, bufferedMax: limits.bufferedMax ?? 1_000 },
    { output: gate.output, clock, droppedLine: (count) => `dropped ${count}\n` },
  );
  return { clock, gate, sink };
}

describe('the log sink', () => {
  test('writes lines together after they have lingered', () => {
    const { clock, gate, sink } = createTestSink();
    sink.push('a\n');
    clock.advance(49);
    sink.push('b\n');
    expect(gate.batches).toEqual([]);
    clock.advance(1);
    expect(gate.batches).toEqual(['a\nb\n']);
    expect(clock.pending).toBe(0);
  });

  test('writes a full batch at once, and leaves no timer behind', () => {
    const { clock, gate, sink } = createTestSink({ batchMin: 4 });
    sink.push('a\n');
    sink.push('b\n');
    expect(gate.batches).toEqual(['a\nb\n']);
    expect(clock.pending).toBe(0);
  });

  test('has one write under way at most, and goes on in order when it ends', async () => {
    const { gate, sink } = createTestSink({ batchMin: 1 });
    sink.push('a\n');
    sink.push('b\n');
    sink.push('c\n');
    expect(gate.batches).toEqual(['a\n']);
    await gate.release();
    expect(gate.batches).toEqual(['a\n', 'b\nc\n']);
  });

  test('drops whole lines while nobody reads, counts them, and tells of them later, once', async () => {
    const { gate, sink } = createTestSink({ batchMin: 1, bufferedMax: 10 });
    sink.push('first\n');
    for (let line = 0; line < 10; line += 1) sink.push(`line${line}\n`);
    expect(sink.dropped).toBe(9);
    await gate.release();
    expect(gate.batches).toEqual(['first\n', 'line0\ndropped 9\n']);
    sink.push('again\n');
    await gate.release();
    expect(gate.batches.at(-1)).toBe('again\n');
    expect(sink.dropped).toBe(9);
  });

  test('gives up for good when the output is gone, and still ends a flush', async () => {
    const { gate, sink } = createTestSink({ batchMin: 1 });
    sink.push('a\n');
    sink.push('b\n');
    const flushed = sink.flush(1_000);
    await gate.fail();
    await flushed;
    sink.push('c\n');
    expect(gate.batches).toEqual(['a\n']);
    expect(sink.dropped).toBe(1);
  });

  test('flush waits for everything that was pushed', async () => {
    const { gate, sink, clock } = createTestSink({ batchMin: 1 });
    let flushed = false;
    sink.push('a\n');
    sink.push('b\n');
    const done = sink.flush(1_000).then(() => {
      flushed = true;
    });
    await gate.release();
    expect(flushed).toBe(false);
    await gate.release();
    await done;
    expect(gate.batches).toEqual(['a\n', 'b\n']);
    expect(clock.pending).toBe(0);
  });

  test('flush does not wait for a reader who has stalled', async () => {
    const { sink, clock } = createTestSink({ batchMin: 1 });
    sink.push('a\n');
    const flushed = sink.flush(1_000);
    clock.advance(1_000);
    await flushed;
  });

  test('flush of an empty sink ends at once', async () => {
    const { sink, clock } = createTestSink();
    await sink.flush(1_000);
    expect(clock.pending).toBe(0);
  });
});

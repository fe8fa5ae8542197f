import { expect, test } from 'bun:test';
import { cpuBetweenUs, processTree, readCoreUs, readCpu, readMemory } from './process-usage.ts';

test('work done by a child is counted with its parent', async () => {
  // The shell waits for a Bun that burns 200 ms of CPU, then stays until its input closes.
  const burn = 'const end = process.cpuUsage().user + 200_000; while (process.cpuUsage().user < end);';
  const child = Bun.spawn(['sh', '-c', 'read go; "$0" -e "$1"; echo done; read stop', process.execPath, burn], {
    stdin: 'pipe',
    stdout: 'pipe',
  });
  try {
    const before = readCpu(child.pid);
    await child.stdin.write('go\n');
    await child.stdin.flush();
    await child.stdout.getReader().read();
    expect(cpuBetweenUs(before, readCpu(child.pid))).toBeGreaterThanOrEqual(190_000);
    expect(readMemory(child.pid).rssBytes).toBeGreaterThan(100_000);
    expect(processTree(process.pid)).toContain(child.pid);
  } finally {
    child.kill();
    await child.exited;
  }
});

test('what a process spends shows on the core that it is pinned to', async () => {
  const before = readCoreUs(0);
  const burn = 'const end = process.cpuUsage().user + 200_000; while (process.cpuUsage().user < end);';
  await Bun.spawn(['taskset', '-c', '0', process.execPath, '-e', burn]).exited;
  expect(readCoreUs(0) - before).toBeGreaterThanOrEqual(180_000);
});

test('nanoseconds are used when they agree with the ticks, and ticks when a thread has ended', () => {
  const before = { ticks: 10, threadsUs: new Map([['1/1', 100_000]]) };
  expect(cpuBetweenUs(before, { ticks: 20, threadsUs: new Map([['1/1', 204_321]]) })).toBe(104_321);
  expect(cpuBetweenUs(before, { ticks: 90, threadsUs: new Map([['1/1', 204_321]]) })).toBe(800_000);
});

test('a process that has ended counts nothing', () => {
  expect(readMemory(2 ** 22 + 1)).toEqual({ rssBytes: 0, peakBytes: 0 });
});

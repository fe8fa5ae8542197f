import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';

interface Report {
  readonly written: number;
  readonly dropped: number;
  readonly latestMs: number;
  readonly rssMb: number;
}

function startChatty(lines: number) {
  return Bun.spawn([process.execPath, join(import.meta.dir, 'chatty-process.ts'), String(lines)], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

describe('standard output', () => {
  test('gets every line, whole and in order, while it is read', async () => {
    const chatty = startChatty(20_000);
    const [text, report] = await Promise.all([new Response(chatty.stdout).text(), new Response(chatty.stderr).json() as Promise<Report>]);
    expect(report).toMatchObject({ written: 20_000, dropped: 0 });
    const numbers = text
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { number: number }).number);
    expect(numbers).toEqual(Array.from({ length: 20_000 }, (_, number) => number));
  });

  // A pipe that nobody reads holds 64 KiB. 60,000 lines are 13 MB: over the bound of what waits.
  // The reader at its other end waits for a word from us before it ends.
  test.skipIf(process.platform === 'win32')(
    'that nobody reads stops neither the event loop nor the end of the process, and lines are dropped and counted',
    async () => {
      const chatty = Bun.spawn(
        ['sh', '-c', '{ "$0" "$1" 60000 | { read -r word <&3; }; } 3<&0', process.execPath, join(import.meta.dir, 'chatty-process.ts')],
        {
          stdin: 'pipe',
          stdout: 'ignore',
          stderr: 'pipe',
        },
      );
      try {
        const reader = chatty.stderr.getReader();
        const { value } = await reader.read();
        const report = JSON.parse(new TextDecoder().decode(value)) as Report;
        expect(report.written).toBe(60_000);
        expect(report.dropped).toBeGreaterThan(20_000);
        expect(report.latestMs).toBeLessThan(1_000);
        expect(report.rssMb).toBeLessThan(250);
      } finally {
        await chatty.stdin.end();
        await chatty.exited;
      }
    },
  );
});

import { expect, test } from 'bun:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';

const PROGRAM = fileURLToPath(import.meta.resolve('./worker-program.ts'));

function start(mode: string) {
  const port = freePort();
  const child = Bun.spawn([process.execPath, PROGRAM, String(port), mode], { env: process.env, stdout: 'ignore', stderr: 'pipe' });
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { keepalive: false }).then((response) => response.text());
  return { child, ask, [Symbol.asyncDispose]: async () => void (child.kill('SIGKILL'), await child.exited) };
}

/** Asks until `count` processes have answered. */
async function workersOf(ask: (path: string) => Promise<string>, count: number): Promise<Set<string>> {
  const seen = new Set<string>();
  return await eventually(
    async () => {
      seen.add(await ask('/'));
      return seen.size >= count ? seen : undefined;
    },
    { what: `${count} workers`, timeoutMs: 10_000 },
  );
}

test.skipIf(process.platform !== 'linux')(
  'workers share a port, a crashed one is replaced, and SIGTERM ends all of them well',
  async () => {
    await using program = start('serve');
    const first = await workersOf(program.ask, 2);
    expect(first.size).toBe(2);

    await program.ask('/crash').catch(() => 'gone');
    const replacement = await eventually(async () => [...(await workersOf(program.ask, 2))].some((id) => !first.has(id)), {
      what: 'a new worker',
    });
    expect(replacement).toBe(true);

    program.child.kill('SIGTERM');
    expect(await program.child.exited).toBe(0);
  },
  20_000,
);

test.skipIf(process.platform !== 'linux')(
  'SIGTERM lets what is under way finish, and the exit code is 0',
  async () => {
    await using program = start('serve');
    await workersOf(program.ask, 2);
    const slow = program.ask('/slow');
    await Bun.sleep(100);
    program.child.kill('SIGTERM');
    expect(await slow).toMatch(/^\d+$/);
    expect(await program.child.exited).toBe(0);
  },
  20_000,
);

test.skipIf(process.platform !== 'linux')(
  'workers that cannot start end the parent, with their exit code',
  async () => {
    await using program = start('fail');
    expect(await program.child.exited).toBe(3);
    expect(await new Response(program.child.stderr).text()).toContain('does not start (exit code 3)');
  },
  20_000,
);

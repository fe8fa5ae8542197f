/* A command of ours as people run it: a process of its own, to its end. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './process.ts';

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runGatehouse(args: readonly string[], { cwd, env = {} }: RunOptions): Promise<Run> {
  const child = Bun.spawn([process.execPath, `--config=${join(ROOT, 'bunfig.toml')}`, join(ROOT, 'src/main.ts'), ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { code, stdout, stderr };
}

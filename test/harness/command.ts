import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommandLine } from '../../src/cli/command.ts';

/** Runs a command in a folder that holds `gatehouse.yaml` and `.env`, with nothing in the environment but a home. */
export async function runCommand(args: string[], yaml?: string, env: Record<string, string> = {}, envFile?: string) {
  const cwd = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));
  if (envFile !== undefined) writeFileSync(join(cwd, '.env'), envFile);
  if (yaml !== undefined) writeFileSync(join(cwd, 'gatehouse.yaml'), yaml);
  let stdout = '';
  let stderr = '';
  const io = {
    stdout: (text: string) => void (stdout += text),
    stderr: (text: string) => void (stderr += text),
    env: { HOME: cwd, ...env },
    cwd,
  };
  return { code: await runCommandLine(args, io), stdout, stderr, cwd };
}

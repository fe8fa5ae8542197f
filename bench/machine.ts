/* On what, and of which commit, a result was measured: a figure without these says nothing. */
import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import type { PeerDefinition } from './peers/peer.ts';

export interface Provenance {
  /** UTC, ISO 8601. */
  readonly date: string;
  readonly commit: string;
  /** True when the tree had changes that are in no commit. */
  readonly dirty: boolean;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly kernel: string;
    readonly memoryGb: number;
    /** Load average of the last minute when the bench began: near 0 when nothing else ran. */
    readonly loadBefore: number;
  };
  readonly versions: Readonly<Record<string, string>>;
}

export async function provenance(peers: readonly PeerDefinition[]): Promise<Provenance> {
  const versions: Record<string, string> = { bun: Bun.version, node: output(['node', '--version']).replace('v', '') };
  for (const peer of peers) versions[peer.name] = (await peer.version()) ?? 'not installed';
  return {
    date: new Date().toISOString(),
    commit: output(['git', 'rev-parse', '--short', 'HEAD']) || 'unknown',
    dirty: output(['git', 'status', '--porcelain']) !== '',
    machine: {
      cpu: /model name\s*: (.+)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? arch(),
      cores: cpus().length,
      kernel: release(),
      memoryGb: Math.round(totalmem() / 2 ** 30),
      loadBefore: loadavg()[0] ?? 0,
    },
    versions,
  };
}

/** Empty when the program is missing or fails. */
function output(command: readonly string[]): string {
  if (Bun.which(command[0] ?? '') === null) return '';
  const { stdout, exitCode } = Bun.spawnSync([...command], { cwd: import.meta.dir, stderr: 'ignore' });
  return exitCode === 0 ? new TextDecoder().decode(stdout).trim() : '';
}

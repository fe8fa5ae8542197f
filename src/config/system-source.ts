/*
 * The real machine as loading sees it: its environment, files, loopback and chance. Nothing else under src/ reads the environment.
 */

import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/system-clock.ts';
import type { FileSource } from './config-file.ts';
import type { Environment } from './environment.ts';
import { keepMachineKey, machineKeyPath, readMachineKey } from './machine-key.ts';
import { answersOnLoopback, existsAt } from './probe.ts';
import type { ZeroConfigSource } from './zero-config.ts';

const PROBE_TIMEOUT_MS = 100;
/** Names may be asked for at a server in the network. */
const LOOKUP_TIMEOUT_MS = 1_000;

export function systemEnvironment(): Environment {
  return process.env;
}

export function systemFiles(environment: Environment, cwd: string): FileSource {
  return { cwd, userConfigFolder: userConfigFolder(environment), readFile: readBoundedFile };
}

/** Finds what a first start lacks. `makesKey`: make the key for this machine when there is none; a mere look must not. */
export function systemZeroConfig(environment: Environment, makesKey: boolean): ZeroConfigSource {
  const keyPath = machineKeyPath(userConfigFolder(environment));
  return {
    probe: (port, at) => answersOnLoopback(port, at, { timeoutMs: PROBE_TIMEOUT_MS, clock: systemClock }),
    exists: (url) => existsAt(url, { timeoutMs: LOOKUP_TIMEOUT_MS, clock: systemClock }),
    machineKey: () => (makesKey ? keepMachineKey(keyPath, crypto.getRandomValues(new Uint8Array(24))) : readMachineKey(keyPath)),
  };
}

/** `$XDG_CONFIG_HOME` or `~/.config`, on every system. */
function userConfigFolder(environment: Environment): string {
  return environment['XDG_CONFIG_HOME']?.trim() || join(environment['HOME']?.trim() || homedir(), '.config');
}

/** A whole file, read through one handle and never more of it than allowed: it may grow meanwhile, or be a device. */
async function readBoundedFile(path: string, bytesMax: number): Promise<string> {
  await using file = await open(path, 'r');
  const buffer = Buffer.allocUnsafe(bytesMax + 1);
  let length = 0;
  while (length <= bytesMax) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) return buffer.toString('utf8', 0, length);
    length += bytesRead;
  }
  throw new Error(`it is larger than ${bytesMax} bytes`);
}

/** Whether this machine gives the configuration what it needs: files, memory, cores, time. Pure. */

import type { Config } from '../config/config.ts';
import { type Finding, fail, ok, skipped, warn } from './finding.ts';
import type { MachineFacts } from './machine-facts.ts';

const MIB = 1_048_576;
/** What a process needs beside connections: modules, logs, Redis, listeners. */
const FILES_OWN = 64;
/** Resident size of an idle process, and of what a request in hand takes beside its body (docs/guides/benchmarks.md). */
const IDLE_BYTES = 90 * MIB;
const REQUEST_BYTES = 64 * 1_024;
/** Below what this was written for, certificates and tokens cannot be judged. */
const YEAR_MIN = 2_025;
const YEAR_MAX = 2_100;
/** The runtime that DESIGN was measured with. */
const BUN_MIN = '1.4.0';

export function examineMachine(config: Config, facts: MachineFacts, nowMs: number): Finding[] {
  return [runtime(facts), files(config, facts), memory(config, facts), cores(config, facts), clock(nowMs)];
}

function runtime({ bunVersion, platform }: MachineFacts): Finding {
  if (Bun.semver.satisfies(bunVersion, `>=${BUN_MIN}`)) return ok('runtime', `Bun ${bunVersion} on ${platform}`);
  return fail('runtime', {
    seen: `Bun ${bunVersion} is too old`,
    todo: `start with node bin/gatehouse.mjs, which brings Bun ${BUN_MIN} or newer`,
  });
}

/** Each request under way holds its caller's connection and one to its upstream. */
function files({ admission, server }: Config, { openFilesMax }: MachineFacts): Finding {
  if (openFilesMax === undefined) return skipped('files', 'this system does not tell how many files may be open');
  const wanted = 2 * admission.concurrent_max + admission.queue_max + FILES_OWN;
  if (openFilesMax >= wanted) return ok('files', `${openFilesMax} files may be open; ${wanted} are needed at the most`);
  const fits = Math.max(1, Math.floor((openFilesMax - FILES_OWN - admission.queue_max) / 2));
  const todo = `raise it (ulimit -n ${wanted}; LimitNOFILE=${wanted} in systemd; ulimits.nofile in compose), or set admission.concurrent_max to ${fits}`;
  const seen = `${openFilesMax} files may be open${server.workers > 1 ? ' in each worker' : ''}, but admission.concurrent_max and queue_max ask for ${wanted}`;
  return openFilesMax < 1_024 ? fail('files', { seen, todo }) : warn('files', { seen, todo });
}

function memory({ server, state, cache, admission }: Config, { memoryBytesMax, isMemoryLimited }: MachineFacts): Finding {
  const cacheBytes = state.cache === 'memory' && cache.routes.length > 0 ? state.cache_bytes_max : 0;
  const idle = server.workers * (IDLE_BYTES + cacheBytes);
  const busy = idle + server.workers * admission.concurrent_max * REQUEST_BYTES;
  const told = `${mib(memoryBytesMax)}${isMemoryLimited ? ' (limited by the control group)' : ''}`;
  if (idle > memoryBytesMax * 0.9)
    return fail('memory', {
      seen: `there are ${told}, but ${server.workers} ${server.workers === 1 ? 'process' : 'workers'} with ${mib(cacheBytes)} of cache need ${mib(idle)}`,
      todo: `raise the limit to ${mib(busy)}, or lower state.cache_bytes_max or server.workers`,
    });
  if (busy > memoryBytesMax * 0.9)
    return warn('memory', {
      seen: `there are ${told}; with ${admission.concurrent_max} requests under way${server.workers > 1 ? ' in each worker' : ''} about ${mib(busy)} are needed`,
      todo: `raise the limit, or set admission.concurrent_max to ${Math.max(1, Math.floor((memoryBytesMax * 0.9 - idle) / server.workers / REQUEST_BYTES))}`,
    });
  return ok('memory', `there are ${told}; about ${mib(busy)} are needed at the most`);
}

function cores({ server }: Config, { cpus, platform }: MachineFacts): Finding {
  const { workers } = server;
  const told = `${Math.round(cpus * 100) / 100} ${cpus === 1 ? 'core' : 'cores'}`;
  if (workers > 1 && platform !== 'linux')
    return fail('cores', { seen: `several workers need Linux, and this is ${platform}`, todo: 'set server.workers to 1' });
  if (workers > Math.max(1, Math.ceil(cpus)))
    return warn('cores', {
      seen: `${workers} workers share ${told}: they only wait for each other`,
      todo: `set server.workers to ${Math.max(1, Math.floor(cpus))}`,
    });
  if (cpus < 1)
    return warn('cores', {
      seen: `there is ${told}: pauses of some tens of milliseconds are to be expected`,
      todo: 'raise the CPU limit to 1 or more',
    });
  return ok('cores', `${workers} ${workers === 1 ? 'process' : 'workers'} on ${told}`);
}

function clock(nowMs: number): Finding {
  const year = new Date(nowMs).getUTCFullYear();
  if (year >= YEAR_MIN && year <= YEAR_MAX) return ok('clock', 'the year is plausible; the time zone does not matter');
  return fail('clock', { seen: `this machine believes that it is ${year}`, todo: 'set the clock (timedatectl set-ntp true)' });
}

function mib(bytes: number): string {
  return bytes >= 10_240 * MIB ? `${Math.round(bytes / (1_024 * MIB))} GiB` : `${Math.round(bytes / MIB)} MiB`;
}

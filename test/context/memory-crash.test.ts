/* Real processes that remember, and are killed in the middle of it. */
import { Database } from 'bun:sqlite';
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createManualClock } from '../../src/base/manual-clock.ts';
import { contextConfig } from '../../src/context/context-config.ts';
import type { Memory, MemoryPartition } from '../../src/context/memory/memory.ts';
import { createMemoryEngine } from '../../src/context/memory/memory-engine.ts';
import { openSqliteRecords } from '../../src/stores/record/sqlite-records.ts';
import { type StartedProcess, startProcess } from '../harness/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'memory-crash-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ANN: MemoryPartition = { tenant: 't', kind: 'memory', name: 'ann' };

function startWriter(path: string, first: number, until: number): Promise<StartedProcess> {
  return startProcess({
    command: process.execPath,
    args: [join(import.meta.dir, 'memory-writer-program.ts'), path, String(first)],
    readyPattern: new RegExp(`^wrote ${until}$`),
    timeoutMs: 30_000,
  });
}

async function kill(writer: StartedProcess): Promise<number> {
  writer.kill('SIGKILL');
  await writer.exited;
  return writer.stdout.filter((line) => line.startsWith('wrote ')).length;
}

async function remembered(path: string): Promise<Memory[]> {
  await using records = openSqliteRecords(path);
  const config = { ...contextConfig.parse({}).memory, indexBytesMax: 1e8 };
  const engine = createMemoryEngine(config, { records, clock: createManualClock(Date.UTC(2026, 0, 1)), pause: async () => {} });
  const { memories } = await engine.list(ANN, { limit: 10_000, kinds: ['turn', 'profile'] });
  return [...memories].sort((a, b) => a.validFromMs - b.validFromMs);
}

describe('memories, when their process is killed', () => {
  test('have every turn that was acknowledged, once, with the facts of each, however often it is begun anew', async () => {
    const path = join(folder, 'again.sqlite');
    let acknowledged = 0;
    for (const until of [3, 17, 31, 60]) {
      // From the beginning each time: what is there already is written again.
      acknowledged = Math.max(acknowledged, await kill(await startWriter(path, 0, until)));
    }
    const memories = await remembered(path);
    const turns = memories.filter(({ kind }) => kind === 'turn');
    const facts = memories.filter(({ kind }) => kind === 'profile');
    expect(turns.length % 2).toBe(0);
    expect(turns.length / 2).toBeGreaterThanOrEqual(acknowledged);
    expect(new Set(turns.map(({ session, turn }) => `${session} ${turn}`)).size).toBe(turns.length);
    // Each said another city than the one before: a fact per turn, and only the last still holds.
    expect(facts.flatMap(({ sources }) => sources)).toEqual(turns.filter(({ role }) => role === 'user').map(({ id }) => id));
    expect(facts.map(({ validToMs }) => validToMs)).toEqual([...facts.slice(1).map(({ validFromMs }) => validFromMs), undefined]);
    using database = new Database(path);
    expect(database.query('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  }, 120_000);

  test('are the same when several processes write them at once, and one supersedes what another wrote', async () => {
    const path = join(folder, 'several.sqlite');
    const writers = await Promise.all([startWriter(path, 0, 25), startWriter(path, 5, 30), startWriter(path, 20, 45)]);
    for (const writer of writers) await kill(writer);
    const memories = await remembered(path);
    const turns = memories.filter(({ kind, role }) => kind === 'turn' && role === 'user');
    const facts = memories.filter(({ kind }) => kind === 'profile');
    expect(new Set(turns.map(({ session, turn }) => `${session} ${turn}`)).size).toBe(turns.length);
    expect(facts.flatMap(({ sources }) => sources).sort()).toEqual(turns.map(({ id }) => id).sort());
    expect(facts.filter(({ validToMs }) => validToMs === undefined)).toHaveLength(1);
    expect(facts.map(({ validToMs }) => validToMs)).toEqual([...facts.slice(1).map(({ validFromMs }) => validFromMs), undefined]);
  }, 120_000);
});

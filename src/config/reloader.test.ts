import { afterEach, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createManualClock } from '../base/manual-clock.ts';
import { systemClock } from '../base/system-clock.ts';
import type { LogFields, Logger } from '../telemetry/logger.ts';
import { type LoadedConfig, loadConfig } from './load.ts';
import { createReloader, type Reloader } from './reloader.ts';
import { systemFiles } from './system-source.ts';
import { watchFiles } from './watch-files.ts';

/** Remembers what was logged. */
function createRecorder(): Logger & { lines: { level: string; message: string; fields: LogFields }[] } {
  const lines: { level: string; message: string; fields: LogFields }[] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const open: Reloader[] = [];
afterEach(async () => {
  for (const reloader of open.splice(0)) await reloader[Symbol.asyncDispose]();
});

async function setUp(options: { file: string; apply?: (loaded: LoadedConfig) => Promise<void>; watched?: boolean }) {
  const logger = createRecorder();
  const ports: number[] = [];
  const load = () => loadConfig({ file: options.file, environment: {}, source: systemFiles({ HOME: '/nowhere' }, '/') });
  const apply = options.apply ?? (async ({ config }: LoadedConfig) => void ports.push(config.server.port));
  const deps = { logger, clock: systemClock, ...(options.watched === true ? { watch: watchFiles } : {}) };
  const reloader = createReloader({ loaded: await load(), load, apply }, deps);
  open.push(reloader);
  return { reloader, logger, ports };
}

const folder = () => mkdtempSync(join(tmpdir(), 'gatehouse-reload-'));
const withPort = (port: number | string) => `server: { port: ${port} }\n`;

function write(text: string): string {
  const file = join(folder(), 'gatehouse.yaml');
  writeFileSync(file, text);
  return file;
}

/** Waits for something that another part of the machine does; fails after 5 s. */
async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error('it did not happen within 5 s');
    await Bun.sleep(5);
  }
}

describe('asked for', () => {
  test('a reload applies the new values and says what changed, and what waits for a restart', async () => {
    const file = write(withPort(1));
    const { reloader, logger, ports } = await setUp({ file });
    writeFileSync(file, `${withPort(2)}limits: { mode: shadow }\nauth: { keys: [{ name: a, key: canary-canary }] }\n`);
    const result = await reloader.reload('admin');
    expect(result).toMatchObject({
      kind: 'applied',
      trigger: 'admin',
      changed: ['auth.keys', 'limits.mode', 'server.port'],
      needRestart: ['server.port'],
    });
    expect(ports).toEqual([2]);
    expect(reloader.loaded.config.server.port).toBe(2);
    expect(reloader.lastResult).toBe(result);
    expect(JSON.stringify(logger.lines)).not.toContain('canary');
  });

  test('the same values build nothing', async () => {
    const { reloader, ports } = await setUp({ file: write(withPort(1)) });
    expect(await reloader.reload('signal')).toMatchObject({ kind: 'unchanged' });
    expect(ports).toEqual([]);
  });

  for (const [name, text] of [
    ['does not parse', 'server: { port: 1\n'],
    ['has an unknown key', 'server: { prot: 1 }\n'],
    ['would not be started', 'server: { host: 0.0.0.0 }\n'],
  ] as const) {
    test(`a file that ${name} leaves the old one running, and the problem is logged with its place`, async () => {
      const file = write(withPort(1));
      const { reloader, logger, ports } = await setUp({ file });
      writeFileSync(file, text);
      expect(await reloader.reload('signal')).toMatchObject({ kind: 'refused' });
      expect(reloader.loaded.config.server.port).toBe(1);
      expect(ports).toEqual([]);
      expect(JSON.stringify(logger.lines.at(-1))).toMatch(/gatehouse\.yaml:\d+:\d+/);

      writeFileSync(file, withPort(3));
      expect(await reloader.reload('signal')).toMatchObject({ kind: 'applied' });
      expect(ports).toEqual([3]);
    });
  }

  test('a file that is gone is a problem, not a start without configuration', async () => {
    const file = write(withPort(1));
    const { reloader } = await setUp({ file });
    rmSync(file);
    expect(await reloader.reload('admin')).toMatchObject({ kind: 'refused', problems: [{ message: 'there is no such file' }] });
    expect(reloader.loaded.config.server.port).toBe(1);
  });

  test('what cannot be built is refused, and tried again next time', async () => {
    const file = write(withPort(1));
    let broken = true;
    const { reloader } = await setUp({
      file,
      apply: async () => {
        if (broken) throw new Error('no such certificate');
      },
    });
    writeFileSync(file, withPort(2));
    expect(await reloader.reload('admin')).toMatchObject({ kind: 'refused', problems: [{ message: 'no such certificate' }] });
    expect(reloader.loaded.config.server.port).toBe(1);
    broken = false;
    expect(await reloader.reload('admin')).toMatchObject({ kind: 'applied', changed: ['server.port'] });
  });

  test('many at once make one running and one after it, which sees the latest', async () => {
    const file = write(withPort(1));
    const release = Promise.withResolvers<void>();
    const applied: number[] = [];
    let running = 0;
    const { reloader } = await setUp({
      file,
      apply: async ({ config }) => {
        running += 1;
        expect(running).toBe(1);
        applied.push(config.server.port);
        await release.promise;
        running -= 1;
      },
    });
    writeFileSync(file, withPort(2));
    const first = reloader.reload('admin');
    await until(() => applied.length === 1);
    writeFileSync(file, withPort(3));
    const others = Array.from({ length: 100 }, () => reloader.reload('signal'));
    release.resolve();
    expect(await first).toMatchObject({ kind: 'applied' });
    expect(new Set(await Promise.all(others)).size).toBe(1);
    expect(applied).toEqual([2, 3]);
  });
});

describe('by itself', () => {
  test('a file written in place is reloaded', async () => {
    const file = write(withPort(1));
    const { ports } = await setUp({ file, watched: true });
    writeFileSync(file, withPort(2));
    await until(() => ports.at(-1) === 2);
  });

  test('a file renamed over is reloaded, again and again', async () => {
    const file = write(withPort(1));
    const { ports } = await setUp({ file, watched: true });
    for (const port of [2, 3, 4]) {
      writeFileSync(`${file}.new`, withPort(port));
      renameSync(`${file}.new`, file);
      await until(() => ports.at(-1) === port);
    }
  });

  test('a link that is swapped is followed, as Kubernetes swaps a ConfigMap, again and again', async () => {
    const mount = folder();
    const release = (name: string, port: number) => {
      mkdirSync(join(mount, name));
      writeFileSync(join(mount, name, 'gatehouse.yaml'), withPort(port));
      symlinkSync(name, join(mount, '..data_tmp'));
      renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
    };
    release('..1', 1);
    symlinkSync('..data/gatehouse.yaml', join(mount, 'gatehouse.yaml'));
    const { ports } = await setUp({ file: join(mount, 'gatehouse.yaml'), watched: true });
    for (const port of [2, 3, 4]) {
      release(`..${port}`, port);
      rmSync(join(mount, `..${port - 1}`), { recursive: true });
      await until(() => ports.at(-1) === port);
    }
  });

  test('a link to a folder far above is followed', async () => {
    const base = folder();
    for (const port of [1, 2]) {
      mkdirSync(join(base, 'releases', String(port), 'etc'), { recursive: true });
      writeFileSync(join(base, 'releases', String(port), 'etc', 'gatehouse.yaml'), withPort(port));
    }
    symlinkSync('releases/1', join(base, 'current'));
    const { ports } = await setUp({ file: join(base, 'current', 'etc', 'gatehouse.yaml'), watched: true });
    symlinkSync('releases/2', join(base, 'next'));
    renameSync(join(base, 'next'), join(base, 'current'));
    await until(() => ports.at(-1) === 2);
  });

  test('a secret that the file refers to is watched too, also one that was missing', async () => {
    const place = folder();
    writeFileSync(join(place, 'port'), '1\n');
    const file = join(place, 'gatehouse.yaml');
    writeFileSync(file, 'server: { port: "${file:port}" }\n');
    const { reloader, ports } = await setUp({ file, watched: true });
    writeFileSync(join(place, 'port'), '2\n');
    await until(() => ports.at(-1) === 2);

    mkdirSync(join(place, 'secrets'));
    writeFileSync(file, 'server: { port: "${file:secrets/port}" }\n');
    await until(() => reloader.lastResult?.kind === 'refused');
    writeFileSync(join(place, 'secrets', 'port'), '3\n');
    await until(() => ports.at(-1) === 3);
  });

  test('other files of the folder do nothing', async () => {
    const file = write(withPort(1));
    let loads = 0;
    const clock = createManualClock();
    const logger = createRecorder();
    const load = async () => {
      loads += 1;
      return loadConfig({ file, environment: {}, source: systemFiles({ HOME: '/nowhere' }, '/') });
    };
    let noticed = 0;
    const watch: typeof watchFiles = (paths, onChange, onError) =>
      watchFiles(
        paths,
        () => {
          noticed += 1;
          onChange();
        },
        onError,
      );
    const reloader = createReloader({ loaded: await load(), load, apply: async () => {} }, { logger, clock, watch });
    open.push(reloader);
    writeFileSync(join(file, '..', 'gateway.log'), 'line\n');
    writeFileSync(file, withPort(2));
    await until(() => noticed > 0);
    // Until it is quiet nothing is read.
    clock.advance(100);
    expect(loads).toBe(1);
    clock.advance(1_000);
    await until(() => reloader.lastResult !== undefined);
    expect(loads).toBe(2);
  });

  test('a folder that cannot be watched is a warning, and asking still works', async () => {
    const file = write(withPort(1));
    const logger = createRecorder();
    const load = () => loadConfig({ file, environment: {}, source: systemFiles({ HOME: '/nowhere' }, '/') });
    const watch: typeof watchFiles = (_paths, _onChange, onError) => {
      onError(new Error('too many watches'));
      return { [Symbol.dispose]: () => {} };
    };
    const reloader = createReloader({ loaded: await load(), load, apply: async () => {} }, { logger, clock: systemClock, watch });
    open.push(reloader);
    expect(logger.lines[0]).toMatchObject({ level: 'warn', fields: { reason: 'too many watches' } });
    writeFileSync(file, withPort(2));
    expect(await reloader.reload('signal')).toMatchObject({ kind: 'applied' });
  });
});

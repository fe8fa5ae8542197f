/* What is decided from what was found around the gateway: the machine, Redis, files, the port, a collector. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, configSchema } from '../config/config.ts';
import { judgeMode } from './files.ts';
import type { Finding } from './finding.ts';
import { examineMachine } from './machine.ts';
import { cgroupFolders, cpusIn, type MachineFacts, openFiles, readMachine } from './machine-facts.ts';
import { judgePort } from './port.ts';
import { judgeRedis, parseInfo, type RedisFacts } from './redis.ts';
import { refusalIn } from './redis-dial.ts';
import { judgeCollector } from './telemetry.ts';

const configOf = (input: object): Config => configSchema.parse(input);
const worst = (findings: readonly Finding[], id: string) => {
  const found = new Set(findings.filter((finding) => finding.id === id).map(({ level }) => level));
  return (['fail', 'warn', 'ok', 'skipped'] as const).find((level) => found.has(level));
};

describe('this machine', () => {
  const facts: MachineFacts = {
    platform: 'linux',
    bunVersion: '1.4.5',
    openFilesMax: 65_536,
    memoryBytesMax: 8e9,
    isMemoryLimited: false,
    cpus: 4,
  };
  const YEAR = Date.UTC(2026, 5, 1);
  for (const { name, config = {}, given = {}, nowMs = YEAR, id, want } of [
    { name: 'enough files', id: 'files', want: 'ok' },
    { name: 'files without a limit', given: { openFilesMax: Infinity }, id: 'files', want: 'ok' },
    { name: 'fewer files than admission wants', given: { openFilesMax: 4_096 }, id: 'files', want: 'warn' },
    { name: 'few files', given: { openFilesMax: 256 }, id: 'files', want: 'fail' },
    {
      name: 'few files for few requests',
      config: { admission: { concurrent_max: 50, queue_max: 10 } },
      given: { openFilesMax: 256 },
      id: 'files',
      want: 'ok',
    },
    { name: 'files that are not told', given: { openFilesMax: undefined }, id: 'files', want: 'skipped' },
    { name: 'enough memory', id: 'memory', want: 'ok' },
    { name: 'memory for an idle process alone', given: { memoryBytesMax: 300e6, isMemoryLimited: true }, id: 'memory', want: 'warn' },
    { name: 'too little memory', given: { memoryBytesMax: 64e6, isMemoryLimited: true }, id: 'memory', want: 'fail' },
    {
      name: 'a cache that does not fit',
      config: { cache: { routes: [{ match: '/x' }] }, state: { cache_bytes_max: '16GiB' } },
      id: 'memory',
      want: 'fail',
    },
    { name: 'a core each', config: { server: { workers: 4 } }, id: 'cores', want: 'ok' },
    { name: 'more workers than cores', config: { server: { workers: 9 } }, id: 'cores', want: 'warn' },
    { name: 'a third of a core', given: { cpus: 0.3 }, id: 'cores', want: 'warn' },
    {
      name: 'workers elsewhere than on Linux',
      config: { server: { workers: 2 } },
      given: { platform: 'darwin' },
      id: 'cores',
      want: 'fail',
    },
    { name: 'an old runtime', given: { bunVersion: '1.2.3' }, id: 'runtime', want: 'fail' },
    { name: 'this runtime', given: { bunVersion: Bun.version }, id: 'runtime', want: 'ok' },
    { name: 'a clock that starts in 1970', nowMs: 1_000, id: 'clock', want: 'fail' },
    { name: 'a clock', id: 'clock', want: 'ok' },
  ] as { name: string; config?: object; given?: Partial<MachineFacts>; nowMs?: number; id: string; want: string }[])
    test(`${name}: ${want}`, () => expect(worst(examineMachine(configOf(config), { ...facts, ...given }, nowMs), id)).toBe(want as never));

  test('what the kernel tells is read', () => {
    expect(openFiles('Limit  Soft\nMax open files            1024                 524288               files     \n')).toBe(1_024);
    expect(openFiles('Max open files            unlimited            unlimited            files')).toBe(Infinity);
    expect([openFiles(''), openFiles(undefined)]).toEqual([undefined, undefined]);
    expect([cpusIn('150000 100000'), cpusIn('max 100000'), cpusIn(undefined), cpusIn('-1 100000')]).toEqual([
      1.5,
      Infinity,
      Infinity,
      Infinity,
    ]);
    expect(cgroupFolders('0::/a/b\n')).toEqual(['sys/fs/cgroup', 'sys/fs/cgroup/a', 'sys/fs/cgroup/a/b']);
    expect(cgroupFolders('0::/../../etc\n')).toEqual(['sys/fs/cgroup', 'sys/fs/cgroup/etc']);
  });

  const root = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  test('the tightest of the groups around us counts', async () => {
    mkdirSync(join(root, 'proc/self'), { recursive: true });
    mkdirSync(join(root, 'sys/fs/cgroup/pod/box'), { recursive: true });
    writeFileSync(join(root, 'proc/self/cgroup'), '0::/pod/box\n');
    writeFileSync(join(root, 'proc/self/limits'), 'Max open files            512                  512                  files\n');
    writeFileSync(join(root, 'sys/fs/cgroup/pod/memory.max'), '134217728\n');
    writeFileSync(join(root, 'sys/fs/cgroup/pod/box/memory.max'), 'max\n');
    writeFileSync(join(root, 'sys/fs/cgroup/pod/box/cpu.max'), '50000 100000\n');
    expect(await readMachine(root)).toMatchObject({ openFilesMax: 512, memoryBytesMax: 134_217_728, isMemoryLimited: true, cpus: 0.5 });
    expect(await readMachine(join(root, 'nothing'))).toMatchObject({ openFilesMax: undefined, isMemoryLimited: false });
  });
});

describe('Redis', () => {
  const facts: RedisFacts = {
    product: 'Redis',
    version: '7.2.4',
    roundTripMs: 0.2,
    skewMs: 3,
    evictionPolicy: 'volatile-ttl',
    memoryBytesMax: 1e9,
    memoryBytesUsed: 1e6,
    isPersistent: true,
    role: 'master',
    writeRefusal: undefined,
    subscribeRefusal: undefined,
  };
  const LOCAL = 'redis://127.0.0.1:6379';
  const both = ['state.counters', 'state.cache'];
  const judged = (
    given: Partial<RedisFacts>,
    { url = LOCAL, settings = both, config = {} }: { url?: string; settings?: string[]; config?: object } = {},
  ) => judgeRedis({ url, settings, config: configOf(config) }, { kind: 'answered', facts: { ...facts, ...given } });
  for (const { name, findings, id, want } of [
    { name: 'well', findings: judged({}), id: 'redis.reached', want: 'ok' },
    { name: 'slow', findings: judged({ roundTripMs: 30 }), id: 'redis.reached', want: 'warn' },
    { name: 'too old', findings: judged({ version: '4.0.9' }), id: 'redis.version', want: 'fail' },
    { name: 'a replica', findings: judged({ role: 'slave' }), id: 'redis.role', want: 'fail' },
    { name: 'nothing can be written', findings: judged({ writeRefusal: 'OOM' }), id: 'redis.write', want: 'fail' },
    { name: 'news cannot be heard', findings: judged({ subscribeRefusal: 'NOPERM' }), id: 'redis.news', want: 'warn' },
    { name: 'counters may be evicted', findings: judged({ evictionPolicy: 'allkeys-lru' }), id: 'redis.eviction', want: 'warn' },
    {
      name: 'a cache may',
      findings: judged({ evictionPolicy: 'allkeys-lru' }, { settings: ['state.cache'] }),
      id: 'redis.eviction',
      want: 'ok',
    },
    { name: 'a cache that is never evicted', findings: judged({ evictionPolicy: 'noeviction' }), id: 'redis.eviction', want: 'warn' },
    { name: 'a cache without bound', findings: judged({ memoryBytesMax: 0 }), id: 'redis.eviction', want: 'warn' },
    {
      name: 'counters without bound',
      findings: judged({ memoryBytesMax: 0, evictionPolicy: 'noeviction' }, { settings: ['state.counters'] }),
      id: 'redis.eviction',
      want: 'ok',
    },
    { name: 'nearly full', findings: judged({ memoryBytesUsed: 0.95e9 }), id: 'redis.eviction', want: 'warn' },
    { name: 'nothing persists', findings: judged({ isPersistent: false }), id: 'redis.persistence', want: 'warn' },
    {
      name: 'a cache need not persist',
      findings: judged({ isPersistent: false }, { settings: ['state.cache'] }),
      id: 'redis.persistence',
      want: 'skipped',
    },
    { name: 'the clocks agree', findings: judged({}), id: 'redis.clock', want: 'ok' },
    { name: 'the clocks differ', findings: judged({ skewMs: -60_000 }), id: 'redis.clock', want: 'warn' },
    { name: 'elsewhere without a password', findings: judged({}, { url: 'redis://10.0.0.5:6379' }), id: 'redis.password', want: 'warn' },
    {
      name: 'the same in production',
      findings: judged({}, { url: 'redis://10.0.0.5:6379', config: { server: { environment: 'production' } } }),
      id: 'redis.password',
      want: 'fail',
    },
    { name: 'elsewhere in plain text', findings: judged({}, { url: 'redis://:pw@10.0.0.5:6379' }), id: 'redis.password', want: 'warn' },
    { name: 'elsewhere, encrypted', findings: judged({}, { url: 'rediss://:pw@10.0.0.5:6379' }), id: 'redis.password', want: 'ok' },
  ])
    test(`${name}: ${want}`, () => expect(worst(findings, id)).toBe(want as never));

  test('what INFO says is read, whatever is in it', () => {
    expect(parseInfo('# Server\r\nredis_version:7.2.4\r\nos:Linux: yes\r\n\r\n:x\r\nbroken\r\n')).toEqual({
      redis_version: '7.2.4',
      os: 'Linux: yes',
    });
  });
});

describe('the first word of a Redis', () => {
  for (const { line, want } of [
    { line: '+PONG', want: undefined },
    { line: '+OK', want: undefined },
    { line: '-NOPERM this user has no permissions', want: undefined },
    { line: '-NOAUTH Authentication required.', want: 'asks for a password' },
    { line: '-WRONGPASS invalid username-password pair', want: 'the user or the password is wrong' },
    { line: '-ERR AUTH <password> called without any password configured', want: 'it has no password' },
    { line: '-LOADING Redis is loading', want: 'LOADING' },
    { line: 'HTTP/1.1 400 Bad Request', want: 'not what Redis says' },
    { line: '', want: 'not what Redis says' },
  ])
    test(JSON.stringify(line), () => {
      const reason = refusalIn(line);
      if (want === undefined) expect(reason).toBeUndefined();
      else expect(reason).toContain(want);
    });
});

describe('files, ports and collectors', () => {
  const options = { id: 'files.secret', isSecret: true, isProduction: true };
  for (const { mode, isSecret, want } of [
    { mode: 0o100600, isSecret: true, want: 'ok' },
    { mode: 0o100640, isSecret: true, want: 'ok' },
    { mode: 0o100644, isSecret: true, want: 'fail' },
    { mode: 0o100644, isSecret: false, want: 'warn' },
    { mode: 0o100666, isSecret: false, want: 'fail' },
    { mode: 0o100602, isSecret: true, want: 'fail' },
  ] as const)
    test(`mode ${mode.toString(8)}, ${isSecret ? 'a secret' : 'the configuration'}: ${want}`, () =>
      expect(judgeMode('/f', mode, { ...options, isSecret }).level).toBe(want));

  const { server } = configOf({ server: { port: 8_080 } });
  for (const [code, want] of [
    ['EACCES', 'may not listen'],
    ['EADDRNOTAVAIL', 'no address of this machine'],
    ['ENOTFOUND', 'does not resolve'],
    ['EWHATEVER', 'EWHATEVER'],
  ] as const)
    test(`a port that is refused with ${code} fails`, () => {
      const finding = judgePort(server, { kind: 'refused', code }, undefined);
      expect([finding.level, finding.seen]).toEqual(['fail', expect.stringContaining(want)]);
    });

  const answered = (status: number) => ({ kind: 'answered', status, durationMs: 1, dateMs: undefined, body: new Uint8Array() }) as const;
  for (const { name, outcome, want } of [
    { name: 'takes spans', outcome: answered(200), want: 'ok' },
    { name: 'refuses us', outcome: answered(401), want: 'fail' },
    { name: 'is something else', outcome: answered(404), want: 'fail' },
    { name: 'is silent', outcome: { kind: 'silent', afterMs: 4_000 } as const, want: 'fail' },
    { name: 'is not there', outcome: { kind: 'failed', fault: 'refused', reason: 'refused' } as const, want: 'fail' },
  ])
    test(`a collector that ${name}: ${want}`, () => expect(judgeCollector('http://c:4318/v1/traces', outcome).level).toBe(want as never));
});

/*
 * `gatehouse doctor` as a whole, and what it says of files, the port and the machine, each in both states.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { doctor, ENV, folder, KEY, provider, type Report, run, selfSigned, sound, TOTAL_MS_MAX } from '../harness/doctor.ts';
import { freePort } from '../harness/free-port.ts';
import { startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { startFaultyUpstream } from '../upstream/faulty-upstream.ts';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

describe('the whole', () => {
  test('is fit when everything is as it should be, also strictly, and says so in JSON that scripts can read', async () => {
    const report = await doctor(sound(simulator.url), { env: ENV, flags: ['--strict'] });
    expect(report.findings.filter(({ level }) => level === 'warn' || level === 'fail')).toEqual([]);
    expect([report.code, report.ok, report.counts.fail, report.counts.warn]).toEqual([0, true, 0, 0]);
    expect(Object.keys(report)).toEqual(
      expect.arrayContaining(['ok', 'strict', 'counts', 'config', 'environment', 'duration_ms', 'findings']),
    );
    for (const check of ['configuration', 'exposure', 'keys', 'limits', 'files', 'machine', 'port', 'redis', 'upstreams', 'telemetry'])
      expect(report.findings.some((finding) => finding.check === check)).toBe(true);
    expect(report.one('provider', 'simulator')).toMatchObject({ level: 'ok' });
    expect(report.one('provider.models', 'simulator')).toMatchObject({ level: 'ok' });
    expect(report.one('service', 'pricing')).toMatchObject({ level: 'ok' });
  });

  test('counts warnings as failures with --strict alone', async () => {
    const careless = sound(simulator.url, { telemetry: { log: { access: false } } });
    expect((await doctor(careless, { env: ENV })).code).toBe(0);
    expect(await doctor(careless, { env: ENV, flags: ['--strict'] })).toMatchObject({ code: 1, ok: false });
  });

  test('is told in plain lines where nobody looks at colours, with what to do', async () => {
    const { code, stdout, stderr } = await run(['--environment', 'production', '--host', '0.0.0.0'], {
      env: { API_KEYS: 'sk-test-key-123' },
    });
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toMatch(/^FAIL {4}keys\.documented: .*\n {8}-> .*openssl rand/m);
    expect(stdout).toMatch(/^FAIL {4}tls: 0\.0\.0\.0 is reached over plain http/m);
    expect(stdout).toMatch(/\nNot fit\. \d+ failed, \d+ warnings, \d+ ok, \d+ skipped, in \d+\.\d s\n$/);
    expect(stdout).not.toContain('sk-test-key-123');
  });

  test('says what a start would refuse, and what is wrong with a file, with its line', async () => {
    const refused = await doctor(sound(simulator.url, { server: { environment: 'production', port: 0, cors: { origins: ['*'] } } }), {
      env: ENV,
    });
    expect(refused.one('start')).toMatchObject({
      level: 'fail',
      seen: expect.stringContaining('server.cors.origins'),
      todo: expect.stringContaining('CORS_ORIGINS'),
    });
    const path = join(folder, 'broken.yaml');
    await writeFile(path, 'server:\n  prot: 1\nlimits:\n  mode: sometimes\n');
    const { code, stdout } = await run(['--json', '--config', path]);
    const { findings } = JSON.parse(stdout) as Report;
    expect([code, findings.map(({ level }) => level)]).toEqual([1, ['fail', 'fail']]);
    expect(findings[0]?.seen).toContain('broken.yaml:2:3');
  });

  test('a bad command line is exit code 2', async () => {
    for (const args of [['--nonsense'], ['--set', 'x'], ['file.yaml']]) expect((await run(args)).code).toBe(2);
  });

  test('is over in time, however much hangs', async () => {
    await using hanging = await startFaultyUpstream(() => {});
    const url = `http://127.0.0.1:${hanging.port}`;
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`p${index}`, provider(`${url}/v1`)]));
    const report = await doctor(
      sound(simulator.url, {
        providers: many,
        models: {},
        services: { slow: { urls: [url], routes: ['/slow'], health: { path: '/health' } } },
        state: { counters: `redis://127.0.0.1:${hanging.port}` },
        telemetry: { traces: { otlp_endpoint: url } },
      }),
      { env: ENV },
    );
    expect(report.duration_ms).toBeLessThan(TOTAL_MS_MAX);
    expect(report.one('provider', 'p11')).toMatchObject({ level: 'fail', seen: expect.stringContaining('does not answer within') });
    for (const id of ['service', 'redis.reached', 'traces']) expect(report.one(id)).toMatchObject({ level: 'fail' });
  }, 20_000);
});

describe('files, port and machine', () => {
  test('a secret in a file that anyone may read, and in one that none may', async () => {
    const secret = join(folder, 'app-key');
    await writeFile(secret, `${KEY}\n`);
    const config = sound(simulator.url, { auth: { keys: [{ name: 'app', key: `\${file:${secret}}` }] } });
    await chmod(secret, 0o644);
    expect((await doctor(config, { env: ENV })).one('files.secret', secret)).toMatchObject({ level: 'fail', todo: `chmod 600 ${secret}` });
    await chmod(secret, 0o600);
    expect((await doctor(config, { env: ENV })).one('files.secret', secret)).toMatchObject({ level: 'ok' });
  });

  test('a configuration that anyone may read, with a key written out in it', async () => {
    const path = join(folder, 'open.yaml');
    await writeFile(path, JSON.stringify({ auth: { keys: [{ name: 'app', key: KEY }] } }));
    await chmod(path, 0o644);
    const { findings } = JSON.parse((await run(['--json', '--config', path])).stdout) as Report;
    expect(findings.find(({ id }) => id === 'files.config')).toMatchObject({ level: 'warn', subject: path });
    expect(findings.find(({ id }) => id === 'keys.written')).toMatchObject({
      level: 'warn',
      seen: expect.stringContaining("auth.keys[0].key ('app')"),
    });
  });

  test('a certificate that fits its key, one that does not, and none', async () => {
    const [key, cert, otherKey, otherCert] = ['k1', 'c1', 'k2', 'c2'].map((name) => join(folder, `${name}.pem`)) as [
      string,
      string,
      string,
      string,
    ];
    selfSigned(key, cert);
    selfSigned(otherKey, otherCert);
    const tls = (certFile: string, keyFile: string) => doctor({ server: { port: 0, tls: { cert_file: certFile, key_file: keyFile } } });
    expect((await tls(cert, key)).one('tls.certificate')).toMatchObject({ level: 'warn', seen: expect.stringContaining('ends in') });
    selfSigned(key, cert, 400);
    expect((await tls(cert, key)).one('tls.certificate')).toMatchObject({
      level: 'warn',
      seen: expect.stringContaining('signed by itself'),
    });
    expect((await tls(cert, otherKey)).one('tls.certificate')).toMatchObject({
      level: 'fail',
      seen: expect.stringContaining('do not belong together'),
    });
    expect((await tls(join(folder, 'none.pem'), key)).one('tls.certificate')).toMatchObject({ level: 'fail' });
    expect((await tls(key, key)).one('tls.certificate')).toMatchObject({ level: 'fail', seen: expect.stringContaining('cannot be used') });
  });

  test('a port that is free, somebody else’s, or a running gateway’s', async () => {
    const at = (port: number) => doctor({ server: { port } });
    expect((await at(freePort())).one('port')).toMatchObject({ level: 'ok', seen: expect.stringContaining('is free') });
    using stranger = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('hello') });
    expect((await at(stranger.port ?? 0)).one('port')).toMatchObject({ level: 'fail', seen: expect.stringContaining('somebody else has') });
    expect((await doctor({ server: { port: 0, workers: 2 } })).one('port')).toMatchObject({ level: 'fail', todo: 'set server.port' });
    await using gateway = await startGateway({ config: {} });
    expect((await at(Number(new URL(gateway.url).port))).one('port')).toMatchObject({
      level: 'ok',
      seen: expect.stringContaining('is running on'),
    });
    expect(
      (await doctor({ server: { host: '203.0.113.7', port: freePort() }, auth: { keys: [{ name: 'a', key: KEY }] } })).one('port'),
    ).toMatchObject({
      level: 'fail',
      seen: expect.stringContaining('no address of this machine'),
    });
  });

  test.skipIf(process.platform !== 'linux')('few open files, and enough of them for few requests', async () => {
    const few = { before: 'ulimit -n 256' };
    expect((await doctor({}, few)).one('files')).toMatchObject({
      level: 'fail',
      seen: expect.stringMatching(/^256 files may be open, but .* ask for 21064$/),
    });
    expect((await doctor({ admission: { concurrent_max: 50, queue_max: 10 } }, few)).one('files')).toMatchObject({ level: 'ok' });
  });
});

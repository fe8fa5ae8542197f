/* What `gatehouse doctor` says of providers, services and a collector: up and down, right and wrong. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { doctor, ENV, folder, provider, selfSigned, sound, TOTAL_MS_MAX } from '../harness/doctor.ts';
import { freePort } from '../harness/free-port.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { startFaultyUpstream } from '../upstream/faulty-upstream.ts';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

describe('providers and services', () => {
  test('each way not to answer is told apart from the others', async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    selfSigned(key, cert);
    const [keyFile, certFile] = [Bun.file(key), Bun.file(cert)];
    using encrypted = Bun.serve({ port: 0, hostname: '127.0.0.1', tls: { key: keyFile, cert: certFile }, fetch: () => new Response('{}') });
    using picky = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('no', { status: 401 }) });
    using odd = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('<html>') });
    using elsewhere = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('no', { status: 404 }) });
    using ahead = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => Response.json({ data: [] }, { headers: { date: new Date(Date.now() + 3_600_000).toUTCString() } }),
    });
    await using hanging = await startFaultyUpstream(() => {});
    await using rude = await startFaultyUpstream((_, socket) => socket.destroy());
    await using dumb = await startFaultyUpstream((_, socket) => void socket.end('SSH-2.0-OpenSSH_9.7\r\n'));
    await using ill = await startFaultyUpstream((_, socket) => void socket.end('HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n'));
    const at = (port: number | undefined, scheme = 'http') => `${scheme}://127.0.0.1:${port}/v1`;
    const report = await doctor(
      sound(simulator.url, {
        providers: {
          refused: provider(at(freePort())),
          nowhere: provider('http://nowhere.invalid/v1'),
          encrypted: provider(at(encrypted.port, 'https')),
          nokey: provider(at(picky.port)),
          badkey: provider(at(picky.port), { api_key: '${PROVIDER_KEY}' }),
          hanging: provider(at(hanging.port)),
          rude: provider(at(rude.port)),
          dumb: provider(at(dumb.port)),
          ill: provider(at(ill.port)),
          odd: provider(at(odd.port)),
          elsewhere: provider(at(elsewhere.port)),
          ahead: provider(at(ahead.port)),
          well: provider(`${simulator.url}/v1`),
          metadata: provider('http://metadata.invalid/v1'),
        },
        models: {
          m: {
            targets: [
              { provider: 'ahead', model: 'gone' },
              { provider: 'well', model: 'sim-1', priority: 1 },
            ],
          },
        },
        services: {
          gone: { urls: [`http://127.0.0.1:${freePort()}`], routes: ['/a'], health: { path: '/health' } },
          picky: { urls: [`http://127.0.0.1:${picky.port}`], routes: ['/b'], health: { path: '/health' } },
          wrong: { urls: [`http://127.0.0.1:${elsewhere.port}`], routes: ['/c'], health: { path: '/nothing' } },
          blind: { urls: [simulator.url], routes: ['/d'] },
          well: { urls: [simulator.url], routes: ['/e'], health: { path: '/health' } },
        },
      }),
      { env: ENV },
    );
    for (const [subject, level, seen] of [
      ['refused', 'fail', /connection refused.*\[refused\]/],
      ['nowhere', 'fail', /does not resolve.*\[dns\]/],
      ['encrypted', 'fail', /\[tls\]/],
      ['nokey', 'fail', /asks for a credential, and none is configured \(401\)/],
      ['badkey', 'fail', /refuses our credential \(401\)/],
      ['hanging', 'fail', /does not answer within 4 s/],
      ['rude', 'fail', /\[reset\]/],
      ['dumb', 'fail', /\[protocol\]/],
      ['ill', 'fail', /fails \(500\)/],
      ['elsewhere', 'warn', /404: perhaps the version path is missing/],
      ['ahead', 'ok', /answers in/],
      ['well', 'ok', /answers in/],
    ] as const) {
      expect([subject, report.one('provider', subject)?.level]).toEqual([subject, level]);
      expect(report.one('provider', subject)?.seen).toMatch(seen);
    }
    expect(report.one('provider.models', 'odd')).toMatchObject({ level: 'warn' });
    expect(report.one('provider.models', 'ahead')).toMatchObject({ level: 'warn', seen: 'it does not list gone' });
    expect(report.one('provider.models', 'well')).toMatchObject({ level: 'ok' });
    expect(report.one('clock.upstream', 'ahead')?.seen).toMatch(/its clock is 3(599|600|601) s ahead of ours/);
    expect(report.one('clock.upstream', 'well')).toBeUndefined();
    for (const [subject, level] of [
      ['gone', 'fail'],
      ['picky', 'fail'],
      ['wrong', 'fail'],
      ['blind', 'warn'],
      ['well', 'ok'],
    ] as const)
      expect([subject, report.one('service', subject)?.level]).toEqual([subject, level]);
    expect(report.duration_ms).toBeLessThan(TOTAL_MS_MAX);
  }, 20_000);

  test('none at all is worth a word', async () => {
    expect((await doctor({})).one('upstreams')).toMatchObject({ level: 'warn' });
  });

  test('an identity provider that has keys, has none, or is not there', async () => {
    using provided = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) => Response.json({ keys: new URL(request.url).pathname === '/keys' ? [{ kty: 'EC' }, { kty: 'RSA' }] : [] }),
    });
    const at = (url: string) => doctor({ auth: { jwt: { jwks_url: url, audience: 'us' } } });
    const url = `http://127.0.0.1:${provided.port}`;
    expect((await at(`${url}/keys`)).one('jwt.keys')).toMatchObject({ level: 'ok', seen: expect.stringContaining('has 2 keys') });
    expect((await at(`${url}/none`)).one('jwt.keys')).toMatchObject({ level: 'fail', seen: expect.stringContaining('without keys') });
    expect((await at(`http://127.0.0.1:${freePort()}/keys`)).one('jwt.keys')).toMatchObject({
      level: 'fail',
      seen: expect.stringContaining('[refused]'),
    });
  });

  test('a collector that takes spans, refuses them, or is not there', async () => {
    using collector = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) =>
        new Response('{}', { status: request.method === 'POST' && request.headers.get('authorization') === 'Bearer ok' ? 200 : 401 }),
    });
    const traces = (url: string, headers = {}) => doctor({ telemetry: { traces: { otlp_endpoint: url, headers } } });
    const url = `http://127.0.0.1:${collector.port}`;
    expect((await traces(url, { authorization: 'Bearer ok' })).one('traces')).toMatchObject({ level: 'ok' });
    expect((await traces(url)).one('traces')).toMatchObject({ level: 'fail', seen: expect.stringContaining('refuses our credential') });
    expect((await traces(`http://127.0.0.1:${freePort()}`)).one('traces')).toMatchObject({
      level: 'fail',
      seen: expect.stringContaining('[refused]'),
    });
  });
});

/*
 * `gatehouse doctor` for tests: the real process in a folder of its own; whatever it says is searched for secrets, and for advice.
 */
import { expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './process.ts';

export const KEY = '5f1d0a93c7be42e886a1d07c39f4b256e8a07d1c94b3f562';
export const ADMIN_KEY = 'c1a9e0477d2b53f8904be6631fa8d275b03c9e41d86a527f';
export const PROVIDER_KEY = 'b7702ce19f4da385d60b1e94c85f37a2e41d0b96f8c3a571';
const SECRETS = [KEY, ADMIN_KEY, PROVIDER_KEY, 'redis-password-31'];
export const TOTAL_MS_MAX = 10_000;

interface Finding {
  readonly check: string;
  readonly id: string;
  readonly subject?: string;
  readonly level: 'ok' | 'warn' | 'fail' | 'skipped';
  readonly seen: string;
  readonly todo?: string;
}

export interface Report {
  readonly ok: boolean;
  readonly counts: Record<Finding['level'], number>;
  readonly findings: readonly Finding[];
  readonly duration_ms: number;
}

/** Where the runs take place; thrown away with the test process. */
export const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A line of shell before the program. */
  readonly before?: string;
}

export async function run(args: readonly string[], { env = {}, before }: RunOptions = {}): Promise<Run> {
  const command = [process.execPath, `--config=${join(ROOT, 'bunfig.toml')}`, join(ROOT, 'src/main.ts'), 'doctor', ...args];
  const child = Bun.spawn(before === undefined ? command : ['sh', '-c', `${before}; exec "$@"`, 'sh', ...command], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  // Whatever it says, it says no secret.
  for (const secret of SECRETS) expect(stdout + stderr).not.toContain(secret);
  return { code, stdout, stderr };
}

let files = 0;
export async function doctor(
  config: object,
  options: RunOptions = {},
): Promise<Report & { readonly code: number; readonly one: (id: string, subject?: string) => Finding | undefined }> {
  files += 1;
  const path = join(folder, `gatehouse-${files}.yaml`);
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  const { stdout, stderr, code } = await run(['--json', '--config', path, ...(options.flags ?? [])], options);
  if (stdout === '') throw new Error(stderr);
  const report = JSON.parse(stdout) as Report;
  for (const finding of report.findings) if (finding.level === 'warn' || finding.level === 'fail') expect(finding.todo).toBeString();
  return {
    ...report,
    code,
    one: (id, subject) => report.findings.find((finding) => finding.id === id && (subject === undefined || finding.subject === subject)),
  };
}

export const provider = (url: string, more: object = {}) => ({ type: 'openai-compatible', base_url: url, ...more });

/** Fit for production, but for what `more` says. */
export function sound(simulatorUrl: string, more: object = {}): object {
  return {
    server: { environment: 'production', port: 0 },
    auth: {
      keys: [
        { name: 'app', key: '${APP_KEY}' },
        { name: 'people', key: '${ADMIN_KEY}', tier: 'admin', admin: true },
      ],
    },
    admission: { concurrent_max: 50, queue_max: 10 },
    providers: { simulator: provider(`${simulatorUrl}/v1`, { api_key: '${PROVIDER_KEY}' }), spare: provider(`${simulatorUrl}/v1`) },
    models: { 'sim-1': { targets: [{ provider: 'simulator' }, { provider: 'spare', priority: 1 }] } },
    services: { pricing: { urls: [simulatorUrl], routes: ['POST /pricing/*'], health: { path: '/health' } } },
    ...more,
  };
}
export const ENV = { APP_KEY: KEY, ADMIN_KEY, PROVIDER_KEY };

export function selfSigned(key: string, cert: string, days = 2): void {
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    cert,
    '-days',
    String(days),
    '-subj',
    '/CN=localhost',
  ];
  if (Bun.spawnSync(['openssl', ...args], { stdout: 'ignore', stderr: 'ignore' }).exitCode !== 0) throw new Error('openssl failed');
}

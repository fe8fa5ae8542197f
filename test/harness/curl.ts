/*
 * Command lines with curl in them, run by a shell as they stand. A configuration file, which curl reads by itself, leads documented
 * addresses to the servers under test and writes down the head of the reply.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether curl is here. For `test.skipIf(!curlAvailable())`. Throws when it is missing and GATEHOUSE_TEST_REQUIRE (a comma list) names it. */
export function curlAvailable(): boolean {
  if (Bun.which('curl') !== null) return true;
  const required = (process.env['GATEHOUSE_TEST_REQUIRE'] ?? '').split(',').map((name) => name.trim());
  if (required.includes('curl')) throw new Error('GATEHOUSE_TEST_REQUIRE names curl, but there is none on the PATH');
  return false;
}

export interface CommandResult {
  /** Of the last program of a pipeline that failed; 0 when none did. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Of the last reply; 0 when there was none. */
  readonly status: number;
  readonly headers: Headers;
}

export interface CurlShell extends AsyncDisposable {
  run(command: string): Promise<CommandResult>;
}

/** `ports`: to which URL goes what is meant for `localhost` and this port. */
export async function createCurlShell(ports: ReadonlyMap<number, string>): Promise<CurlShell> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-curl-'));
  const head = join(folder, 'head');
  const leads = Array.from(ports, ([port, url]) => `connect-to = "localhost:${port}:${new URL(url).host}"`);
  await writeFile(join(folder, '.curlrc'), [...leads, `dump-header = "${head}"`, 'max-time = 10', ''].join('\n'));
  await writeFile(join(folder, 'curl-format.txt'), '\\ntime_total: %{time_total}\\n');
  if (Bun.which('jq') === null) await writeJq(folder);
  // Nothing else of the developer's: a proxy of theirs would take the requests.
  const environment = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: folder, CURL_HOME: folder };
  return {
    async run(command) {
      await rm(head, { force: true });
      const child = Bun.spawn(['bash', '-o', 'pipefail', '-c', command], {
        cwd: folder,
        env: environment,
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
      });
      const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
      return { exitCode, stdout, stderr, ...parseHead(await readFile(head, 'utf8').catch(() => '')) };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const JQ = `if (process.argv.at(-1) !== '.') throw new Error('this jq knows only the filter .');
console.log(JSON.stringify(await Bun.stdin.json(), null, 2));
`;

/** `jq .`, and no other filter, where there is no jq: it prints JSON, and fails for what is none. */
async function writeJq(folder: string): Promise<void> {
  await writeFile(join(folder, 'jq.mjs'), JQ);
  await writeFile(join(folder, 'jq'), `#!/bin/sh\nexec '${process.execPath}' '${folder}/jq.mjs' "$@"\n`);
  await chmod(join(folder, 'jq'), 0o755);
}

function parseHead(text: string): { readonly status: number; readonly headers: Headers } {
  const lines = text.trimEnd().split('\r\n\r\n').at(-1)?.split('\r\n') ?? [];
  const headers = new Headers();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return { status: Number(/^HTTP\/\S+ (\d{3})/.exec(lines[0] ?? '')?.[1] ?? 0), headers };
}

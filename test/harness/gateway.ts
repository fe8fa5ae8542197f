import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StartedProcess, startGatehouse } from './process.ts';

export interface GatewayOptions {
  /** Configuration as an object, or as YAML text. */
  readonly config: object | string;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** Default 10 s. */
  readonly timeoutMs?: number;
  /** Default: the sources. */
  readonly program?: string;
}

export interface GatewayProcess extends AsyncDisposable {
  readonly url: string;
  readonly process: StartedProcess;
  /** The file that it reads, for tests of reload. */
  readonly configPath: string;
  /** Lines of JSON that it has written to standard output. */
  logs(): Record<string, unknown>[];
  request(path: string, init?: RequestInit): Promise<Response>;
  /** Writes the configuration file anew; what the gateway makes of it is its business. */
  writeConfig(config: object | string): Promise<void>;
}

/** Starts `gatehouse start` on a free port with a configuration file of its own. Throws, with its output, when it does not come up. */
export async function startGateway(options: GatewayOptions): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-test-'));
  const configPath = join(folder, 'gatehouse.yaml');
  // JSON is YAML.
  const writeConfig = (config: object | string) =>
    writeFile(configPath, typeof config === 'string' ? config : JSON.stringify(config, null, 2));
  await writeConfig(options.config);
  let started: StartedProcess;
  try {
    started = await startGatehouse(['start', '--config', configPath, '--port', '0', ...(options.flags ?? [])], {
      cwd: folder,
      readyPattern: /http:\/\/[\d.]+:\d+/,
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
      ...(options.program === undefined ? {} : { program: options.program }),
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const url = started.ready[0];
  return {
    url,
    process: started,
    configPath,
    logs: () => started.stdout.flatMap(parseLog),
    request: (path, init) => fetch(`${url}${path}`, init),
    writeConfig,
    async [Symbol.asyncDispose]() {
      await started[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function parseLog(line: string): Record<string, unknown>[] {
  if (!line.startsWith('{')) return [];
  try {
    return [JSON.parse(line) as Record<string, unknown>];
  } catch {
    // A line that is still being written, or a stray brace in a message for people.
    return [];
  }
}

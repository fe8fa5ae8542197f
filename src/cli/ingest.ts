/** `gatehouse ingest`: hands in the documents of folders, files and addresses, so that chats and searches find what is in them. */

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../base/system-clock.ts';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import { systemFiles, systemZeroConfig } from '../config/system-source.ts';
import { resolveHost } from '../upstream/transport/resolver.ts';
import { createTransport } from '../upstream/transport/transport.ts';
import { type Command, type CommandIo, UsageError, withUsage } from './command.ts';
import { gatewayUrl, listeningUrl } from './gateway-url.ts';
import { GatewayClient, GatewayRefusal } from './ingest/gateway-client.ts';
import { runIngest, type Summary } from './ingest/ingest-run.ts';
import { type OwnGateway, startOwnGateway } from './ingest/own-gateway.ts';
import { createProgress } from './ingest/progress.ts';
import { fileSource, folderSources, isUrl, readUrlList, type Source } from './ingest/sources.ts';
import { urlSource } from './ingest/url-sources.ts';
import { START_OPTIONS, START_OPTIONS_HELP, startOptions } from './start-options.ts';

const MIB = 1_048_576;

const USAGE = `Usage: gatehouse ingest SOURCE... [options]

Hands documents in to the gateway, which cuts, indexes and keeps them. A SOURCE is a folder (with all that is below it), a file, a text file of
web addresses (one in a line), or an address. What is unchanged since the last time is not sent again; what has changed takes the place
of what was there. Hidden files, binary files, and what .gitignore and .gatehouseignore name are passed over.

      --collection NAME    the collection to put them into (default: default)
      --url URL            the gateway (default: where the configuration says that it listens)
      --key KEY            a key of it (default: $GATEHOUSE_KEY, or the first of the configuration)
      --direct             no gateway runs: start one for as long as this takes
      --max-bytes N        largest document (default: 10485760)
      --max-files N        most documents (default: 100000)
      --timeout SECONDS    for one document (default: 120)
      --parallel N         documents at once, 1 to 16 (default: 4)
      --allow-private      also get addresses of inner networks
      --quiet              say no more than the summary
${START_OPTIONS_HELP}
Exit code 0: all is there; 1: something failed (what was skipped did not); 2: asked for wrongly.
`;

export const ingestCommand: Command = {
  name: 'ingest',
  summary: 'Hand documents in: folders, files, web addresses.',
  usage: USAGE,
  run: (args, io) => withUsage(ingestCommand, io, () => run(args, io)),
};

const OPTIONS = {
  ...START_OPTIONS,
  collection: { type: 'string' },
  url: { type: 'string' },
  key: { type: 'string' },
  direct: { type: 'boolean' },
  'max-bytes': { type: 'string' },
  'max-files': { type: 'string' },
  timeout: { type: 'string' },
  parallel: { type: 'string' },
  'allow-private': { type: 'boolean' },
  quiet: { type: 'boolean' },
} as const;

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals, tokens } = parseArgs({ args, options: OPTIONS, allowPositionals: true, tokens: true });
  if (positionals.length === 0) throw new UsageError('ingest takes at least one folder, file or address');
  if (values.url !== undefined && values.direct === true) throw new UsageError('either --url or --direct');
  const filesMax = wholeNumber('max-files', values['max-files'], { standard: 100_000, min: 1, max: 10_000_000 });
  const bytesMax = wholeNumber('max-bytes', values['max-bytes'], { standard: 10 * MIB, min: 1, max: 256 * MIB });
  const timeoutMs = 1_000 * wholeNumber('timeout', values.timeout, { standard: 120, min: 1, max: 3_600 });
  const parallel = wholeNumber('parallel', values.parallel, { standard: 4, min: 1, max: 16 });
  const url = values.url === undefined ? undefined : gatewayUrl(values.url);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new Error('it was interrupted'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const loaded = await loadConfig({
      ...startOptions(values),
      environment: io.env,
      source: systemFiles(io.env, io.cwd),
      zeroConfig: systemZeroConfig(io.env, false),
    });
    const transport = createTransport({ clock: systemClock, resolve: resolveHost, events: { onConnection: () => undefined } });
    const web = { timeoutMs, allowPrivate: values['allow-private'] === true, proxy: loaded.config.upstream.proxy };
    const sources = await collect(positionals, { cwd: io.cwd, filesMax }, (address) =>
      urlSource(address, web, { transport, clock: systemClock, signal: stop.signal }),
    );
    if (sources.length === 0) throw new UsageError(`there is nothing to hand in: ${positionals.join(', ')}`);
    await using own =
      values.direct === true
        ? await startOwnGateway({ flags: startFlags(tokens), env: io.env, cwd: io.cwd }, { clock: systemClock })
        : NONE;
    const key = values.key ?? io.env['GATEHOUSE_KEY'] ?? loaded.config.auth.keys[0]?.key;
    const client = new GatewayClient(
      { url: url ?? own?.url ?? listeningUrl(loaded.config), key, collection: values.collection ?? '', timeoutMs },
      { clock: systemClock, signal: stop.signal },
    );
    const write = (text: string): void => (values.quiet === true ? undefined : io.stderr(text));
    const progress = createProgress(process.stderr.isTTY, write);
    const summary = await runIngest(sources, { bytesMax, parallel }, { client, progress, signal: stop.signal }).finally(() =>
      progress.end(),
    );
    io.stdout(summaryText(summary));
    return summary.counts.failed === 0 ? 0 : 1;
  } catch (error) {
    return refused(error, io, loadedUrl(values.url));
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

const NONE: OwnGateway | undefined = undefined;

function loadedUrl(url: string | undefined): string {
  return url === undefined ? 'where the configuration says' : `at ${url}`;
}

/** What is expected to go wrong is told in a line; the rest is a defect. */
function refused(error: unknown, io: CommandIo, where: string): number {
  if (error instanceof GatewayRefusal) {
    const hint = error.status === 0 ? `: is a gateway running ${where}? (--direct starts one)` : '';
    io.stderr(`gatehouse ingest: ${error.message}${hint}\n`);
    return 1;
  }
  if (error instanceof ConfigError || (error instanceof Error && (error.message === 'it was interrupted' || isMissing(error)))) {
    io.stderr(`gatehouse ingest: ${error.message}\n`);
    return 1;
  }
  throw error;
}

function isMissing(error: Error): boolean {
  return (
    ['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '') ||
    error.message.startsWith('a gateway of its own')
  );
}

async function collect(
  given: readonly string[],
  { cwd, filesMax }: { readonly cwd: string; readonly filesMax: number },
  web: (url: string) => Source,
): Promise<Source[]> {
  const sources: Source[] = [];
  const add = (source: Source): void => {
    if (sources.length >= filesMax) throw new UsageError(`there are more than ${filesMax} documents: see --max-files`);
    sources.push(source);
  };
  for (const one of given) {
    if (isUrl(one)) {
      add(web(one));
      continue;
    }
    const path = resolve(cwd, one);
    if ((await stat(path)).isDirectory()) {
      for await (const source of folderSources(path)) add(source);
      continue;
    }
    const list = await readUrlList(path);
    if (list === undefined) add(fileSource(path));
    else for (const url of list) add(web(url));
  }
  return sources;
}

function summaryText({ counts, chunks, replaced }: Summary): string {
  const { indexed, unchanged, skipped, failed } = counts;
  const parts = [`${indexed} indexed (${chunks} chunks)`, `${unchanged} unchanged`, `${skipped} skipped`, `${failed} failed`];
  return `${[...parts, ...(replaced === 0 ? [] : [`${replaced} earlier ones deleted`])].join(', ')}\n`;
}

function wholeNumber(
  name: string,
  text: string | undefined,
  { standard, min, max }: { readonly standard: number; readonly min: number; readonly max: number },
): number {
  if (text === undefined) return standard;
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new UsageError(`--${name} ${text}: write a whole number from ${min} to ${max}`);
  return value;
}

interface Token {
  readonly kind: string;
  readonly name?: string;
  readonly value?: string | undefined;
}

/** What of the command line is for `start` as well. */
function startFlags(tokens: readonly Token[]): string[] {
  const passed = new Set(Object.keys(START_OPTIONS).filter((name) => name !== 'host' && name !== 'port'));
  return tokens.flatMap(({ kind, name = '', value }) => (kind === 'option' && passed.has(name) ? [`--${name}`, value ?? ''] : []));
}

/** `gatehouse doctor`: whether this configuration, on this machine, with what it leans on, is fit to be depended upon. */

import { isatty } from 'node:tty';
import { parseArgs } from 'node:util';
import { systemClock } from '../base/system-clock.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { ConfigError, formatProblem } from '../config/problem.ts';
import { systemFiles, systemZeroConfig } from '../config/system-source.ts';
import { type CheckResult, examine } from '../doctor/examination.ts';
import { type Finding, fail, type Level, ok, warn } from '../doctor/finding.ts';
import { resolveHost } from '../upstream/transport/resolver.ts';
import { createTransport } from '../upstream/transport/transport.ts';
import { type Command, type CommandIo, withUsage } from './command.ts';
import { START_OPTIONS, START_OPTIONS_HELP, startOptions } from './start-options.ts';

const USAGE = `Usage: gatehouse doctor [options]

Examines what 'gatehouse start' with the same options would run: keys and secrets, who can reach it, limits, files, this machine, the
port, Redis, PostgreSQL, providers and services, logs and traces. Everything is really asked, within ten seconds in all; nothing is changed.
With --environment production it says what stands in the way of that.

${START_OPTIONS_HELP}      --strict             warnings are failures
      --json               findings as JSON

Exit code 0: fit; 1: something fails; 2: asked for wrongly.
`;

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Examine configuration, machine and everything it leans on.',
  usage: USAGE,
  run: (args, io) => withUsage(doctorCommand, io, () => doctor(args, io)),
};

async function doctor(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args, options: { ...START_OPTIONS, strict: { type: 'boolean' }, json: { type: 'boolean' } } });
  const options = startOptions(values);
  const startMs = systemClock.monotonic();
  let loaded: LoadedConfig | undefined;
  let configuration: readonly Finding[];
  try {
    loaded = await loadConfig({
      ...options,
      environment: io.env,
      source: systemFiles(io.env, io.cwd),
      zeroConfig: systemZeroConfig(io.env, false),
    });
    configuration = configurationFindings(loaded);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    configuration = error.problems.map(({ hint, ...problem }) =>
      fail('configuration', {
        subject: problem.path,
        seen: formatProblem(problem),
        todo: hint ?? 'correct it; gatehouse check shows the line',
      }),
    );
  }
  const examined =
    loaded === undefined
      ? []
      : await examine(
          { loaded, cwd: io.cwd },
          {
            clock: systemClock,
            transport: createTransport({ clock: systemClock, resolve: resolveHost, events: { onConnection: () => {} } }),
          },
        );
  const results = [{ name: 'configuration', title: 'Configuration', findings: configuration }, ...examined];
  const verdict = judge(results, values.strict === true);
  const durationMs = Math.round(systemClock.monotonic() - startMs);
  if (values.json === true) io.stdout(`${JSON.stringify(asJson(results, { verdict, loaded, durationMs }), undefined, 2)}\n`);
  else io.stdout(asText(results, { verdict, durationMs, pretty: isatty(1) && io.env['NO_COLOR'] === undefined }));
  return verdict.ok ? 0 : 1;
}

function configurationFindings({ file, warnings, simulate, config }: LoadedConfig): Finding[] {
  const where = file === undefined ? 'no file: defaults, environment and flags alone' : file;
  return [
    ok('configuration', where),
    ...warnings.map((warning) => warn('configuration.warning', { seen: warning, todo: 'change what it names' })),
    ...(simulate
      ? [
          warn('configuration.simulated', {
            seen: 'the simulated model would answer: nothing else is configured',
            todo: `write gatehouse.yaml, or set a variable such as OPENAI_API_KEY${config.server.environment === 'production' ? '' : ' (production never simulates)'}`,
          }),
        ]
      : []),
  ];
}

interface Verdict {
  readonly ok: boolean;
  readonly strict: boolean;
  readonly counts: Readonly<Record<Level, number>>;
}

function judge(results: readonly CheckResult[], strict: boolean): Verdict {
  const counts = { ok: 0, warn: 0, fail: 0, skipped: 0 };
  for (const { findings } of results) for (const { level } of findings) counts[level] += 1;
  return { ok: counts.fail === 0 && (!strict || counts.warn === 0), strict, counts };
}

interface Told {
  readonly verdict: Verdict;
  readonly durationMs: number;
}

/** Scripts read this: names and nesting stay as they are. */
function asJson(
  results: readonly CheckResult[],
  { verdict, loaded, durationMs }: Told & { readonly loaded: LoadedConfig | undefined },
): object {
  return {
    ...verdict,
    config: loaded?.file ?? null,
    environment: loaded?.config.server.environment ?? null,
    duration_ms: durationMs,
    findings: results.flatMap(({ name, findings }) => findings.map(({ id, ...rest }) => ({ check: name, id, ...rest }))),
  };
}

const MARKS: Readonly<Record<Level, { readonly mark: string; readonly word: string; readonly color: number }>> = {
  ok: { mark: '✓', word: 'ok     ', color: 32 },
  warn: { mark: '!', word: 'warn   ', color: 33 },
  fail: { mark: '✗', word: 'FAIL   ', color: 31 },
  skipped: { mark: '-', word: 'skipped', color: 90 },
};

function asText(results: readonly CheckResult[], { verdict, durationMs, pretty }: Told & { readonly pretty: boolean }): string {
  const paint = (code: number, text: string): string => (pretty ? `\u001b[${code}m${text}\u001b[0m` : text);
  const line = ({ id, subject, level, seen: saw, todo }: Finding): string => {
    const { mark, word, color } = MARKS[level];
    const seen = subject === undefined || saw.includes(subject) ? saw : `${subject}: ${saw}`;
    const said = pretty ? `  ${paint(color, mark)} ${level === 'skipped' ? paint(90, seen) : seen}` : `${word} ${id}: ${seen}`;
    return `${said}\n${todo === undefined ? '' : `${pretty ? `      ${paint(36, '→')} ` : '        -> '}${todo}\n`}`;
  };
  const told = results.filter(({ findings }) => findings.length > 0);
  const sections = told.map(({ title, findings }) => `${pretty ? `\n${paint(1, title)}\n` : ''}${findings.map(line).join('')}`);
  const { counts } = verdict;
  const sum = `${counts.fail} failed, ${counts.warn} warnings, ${counts.ok} ok, ${counts.skipped} skipped, in ${(durationMs / 1_000).toFixed(1)} s`;
  const say = verdict.ok ? paint(32, 'Fit.') : paint(31, verdict.strict && counts.fail === 0 ? 'Not fit (--strict).' : 'Not fit.');
  return `${sections.join('')}\n${say} ${sum}\n`;
}

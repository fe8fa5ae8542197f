/*
 * `npm run bench`: measures the table of targets and says how we stand. The gateway has one core to itself; the load generator,
 * the upstream and this program share another. docs/guides/benchmarks.md tells how to read what it prints.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, platform, tmpdir } from 'node:os';
import { type LoadGenerator, startLoadGenerator, startUpstream, type Upstream } from './load/load-generator.ts';
import { baseline } from './load/scenarios/baseline.ts';
import { cache } from './load/scenarios/cache.ts';
import { chat } from './load/scenarios/chat.ts';
import { context } from './load/scenarios/context.ts';
import { crossing } from './load/scenarios/crossing.ts';
import { health } from './load/scenarios/health.ts';
import { latency } from './load/scenarios/latency.ts';
import { memory } from './load/scenarios/memory.ts';
import type { Bench, Row, Scenario, ScenarioResult } from './load/scenarios/scenario.ts';
import { service } from './load/scenarios/service.ts';
import { start } from './load/scenarios/start.ts';
import { stream } from './load/scenarios/stream.ts';
import { provenance } from './machine.ts';
import { LOAD_CORE } from './measure/children.ts';
import { type BenchOptions, parseOptions, USAGE } from './options.ts';
import { bareBunProxy } from './peers/bare-bun-peers.ts';
import { gatehouse } from './peers/gatehouse.ts';
import { nginx } from './peers/nginx.ts';
import type { PeerDefinition } from './peers/peer.ts';
import { portkey } from './peers/portkey.ts';
import { fileName, markdown, type Report } from './report.ts';

/** In the order of the table. */
const SCENARIOS: readonly Scenario[] = [chat, stream, crossing, cache, service, baseline, latency, memory, health, start, context];

const SUBJECTS: Readonly<Record<string, PeerDefinition>> = {
  gatehouse,
  'bare-bun-proxy': { ...bareBunProxy, name: 'bare Bun proxy (stand-in)', start: async (setup) => renamed(bareBunProxy, setup) },
  nginx: { ...nginx, name: 'nginx (stand-in)', start: async (setup) => renamed(nginx, setup) },
  portkey: { ...portkey, name: 'Portkey (stand-in)', start: async (setup) => renamed(portkey, setup) },
};

process.exitCode = await main();

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const subject = checkedSubject(options);
  if (platform() !== 'linux' || cpus().length < 2) throw new Error('the bench needs Linux (/proc, taskset) and two cores');
  Bun.spawnSync(['taskset', '-cp', String(LOAD_CORE), String(process.pid)], { stdout: 'ignore' });
  const report = await measure(options, subject);
  const folder = new URL('results/', import.meta.url).pathname;
  mkdirSync(folder, { recursive: true });
  const name = fileName(report);
  writeFileSync(`${folder}${name}.json`, `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(`${folder}${name}.md`, markdown(report));
  process.stdout.write(
    options.json ? `${JSON.stringify(report)}\n` : `${markdown(report)}\nWritten to bench/results/${name}.md and .json\n`,
  );
  return report.rows.some(({ verdict }) => verdict === 'miss' || verdict === 'invalid') ? 1 : 0;
}

async function measure(options: BenchOptions, subject: PeerDefinition): Promise<Report> {
  const scratch = mkdtempSync(`${tmpdir()}/gatehouse-bench-`);
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const where = await provenance([subject, nginx, portkey]);
  const upstream = await startUpstream();
  const load = startLoadGenerator();
  const bench = newBench(options, { subject, upstream, load, scratch });
  const rows: Row[] = [];
  const scenarios: Record<string, ScenarioResult> = {};
  try {
    for (const scenario of SCENARIOS) {
      const wanted = options.only.length === 0 || options.only.includes(scenario.name);
      const result = wanted ? await runScenario(scenario, bench) : { rows: [], notes: [], raw: undefined };
      if (wanted) scenarios[scenario.name] = result;
      for (const row of scenario.rows) {
        rows.push(result.rows.find(({ work }) => work === row.work) ?? { ...row, measured: '', verdict: 'not measured' });
      }
    }
  } finally {
    await load.stop();
    await upstream.stop();
  }
  return { provenance: where, options, subject: { name: subject.name, about: subject.about }, rows, scenarios };
}

/** A scenario that cannot be measured does not stop the others: its rows say so, and the run fails in the end. */
async function runScenario(scenario: Scenario, bench: Bench): Promise<ScenarioResult> {
  process.stderr.write(`${scenario.name} …\n`);
  try {
    return await scenario.run(bench);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${reason}\n`);
    return { rows: scenario.rows.map((row) => ({ ...row, measured: '', verdict: 'invalid' })), notes: [reason], raw: undefined };
  }
}

function newBench(
  options: BenchOptions,
  parts: { subject: PeerDefinition; upstream: Upstream; load: LoadGenerator; scratch: string },
): Bench {
  const { upstream, scratch } = parts;
  return {
    ...parts,
    rounds: options.rounds,
    roundMs: options.roundMs,
    warmUpMs: options.warmUpMs,
    quick: options.quick,
    setup: (config, streams = false) => ({ upstreamPort: upstream.port, silentPort: upstream.silentPort, scratch, config, streams }),
  };
}

function checkedSubject(options: BenchOptions): PeerDefinition {
  const known = SCENARIOS.map(({ name }) => name);
  for (const name of options.only) if (!known.includes(name)) throw new Error(`--only knows ${known.join(', ')}, not ${name}`);
  const subject = SUBJECTS[options.subject];
  if (subject === undefined) throw new Error(`--subject knows ${Object.keys(SUBJECTS).join(', ')}, not ${options.subject}`);
  return subject;
}

/** A stand-in beside the peer of the same name must be told from it. */
async function renamed(peer: PeerDefinition, setup: Parameters<PeerDefinition['start']>[0]): ReturnType<PeerDefinition['start']> {
  return { ...(await peer.start(setup)), name: `${peer.name} (stand-in)` };
}

/*
 * From the exec of the command to the first answered chat request, asked for each millisecond, on the one core that the gateway has
 * in all of these benches. Judged as `npm start` runs it after an install: through the launcher, from the bundle. From the sources, as after
 * each change of them, and without the launcher, is a note.
 */
import { freePort, startChild } from '../../measure/children.ts';
import { readMemory } from '../../measure/process-usage.ts';
import { type Spread, spread } from '../../measure/statistics.ts';
import { BENCH_KEY, type Peer, type PeerDefinition } from '../../peers/peer.ts';
import { CHAT_REQUEST } from '../fixtures.ts';
import { type Bench, judge, type Row, type Scenario } from './scenario.ts';

const START_MS_MAX = 300;
const WAIT_MS_MAX = 10_000;
const RUNS = 9;
const RUNS_QUICK = 3;

export const start: Scenario = {
  name: 'start',
  rows: [{ work: 'start to first answered request', target: `≤ ${START_MS_MAX} ms` }],
  async run(bench) {
    const rows: Row[] = [];
    const notes: string[] = [];
    const raw: Record<string, unknown> = {};
    for (const [index, way] of (bench.subject.waysToStart ?? []).entries()) {
      const runs = [];
      for (let run = 0; run < (bench.quick ? RUNS_QUICK : RUNS); run += 1) runs.push(await timeStart(bench, way));
      const took = spread(runs.map(({ tookMs }) => tookMs));
      const resident = spread(runs.map(({ rssBytes }) => rssBytes / 1_048_576));
      if (index === 0) rows.push(judge(start.rows[0], milliseconds(took), took.median <= START_MS_MAX));
      notes.push(`${way.name}: ${milliseconds(took)}; all its processes at that moment ${resident.median.toFixed(0)} MB`);
      raw[way.name] = runs;
    }
    return { rows, notes, raw };
  },
};

type WayToStart = NonNullable<PeerDefinition['waysToStart']>[number];

async function timeStart(bench: Bench, way: WayToStart): Promise<{ tookMs: number; rssBytes: number }> {
  const port = freePort();
  const options = way.options(bench.setup('gateway'), port);
  const startMs = performance.now();
  const child = startChild(options);
  const peer: Peer = { name: way.name, port, pid: child.pid, headers: {}, stop: () => child.stop() };
  try {
    while (!(await answers(peer))) {
      if (child.ended() || performance.now() - startMs > WAIT_MS_MAX)
        throw new Error(`${way.name} did not start: ${options.command.join(' ')}`);
      await Bun.sleep(1);
    }
    return { tookMs: performance.now() - startMs, rssBytes: readMemory(child.pid).rssBytes };
  } finally {
    await peer.stop();
  }
}

async function answers(peer: Peer): Promise<boolean> {
  try {
    const reply = await fetch(`http://127.0.0.1:${peer.port}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${BENCH_KEY}`, connection: 'close' },
      body: CHAT_REQUEST,
    });
    await reply.arrayBuffer();
    return reply.status === 200;
  } catch {
    return false;
  }
}

function milliseconds({ median, min, max }: Spread): string {
  return `${median.toFixed(0)} ms (${min.toFixed(0)}–${max.toFixed(0)})`;
}

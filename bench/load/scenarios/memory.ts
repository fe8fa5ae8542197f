/*
 * Resident memory of all the gateway's processes: at rest after its first answer, with thousands of streams open that tick
 * once a second, and after those streams and a round of ordinary load have gone.
 */
import { readMemory } from '../../measure/process-usage.ts';
import { chatRequest, chatStreamRequest, type Peer } from '../../peers/peer.ts';
import { CHAT_REPLY, eventsOf } from '../fixtures.ts';
import { type Bench, judge, needed, type Row, type Scenario, withPeers } from './scenario.ts';

const IDLE_MB_MAX = 90;
const STREAM_KB_MAX = 30;
const AFTER_RATIO_MAX = 1.3;
const STREAMS = 5_000;
const STREAMS_QUICK = 1_000;
const SHAPE = { contentEvents: 15, intervalMs: 1_000 };
const RAMP_MS = 4_000;
const SETTLE_MS_MAX = 30_000;
const MB = 1_048_576;

export const memory: Scenario = {
  name: 'memory',
  rows: [
    { work: 'memory, idle', target: `≤ ${IDLE_MB_MAX} MB resident` },
    { work: `memory, ${STREAMS.toLocaleString('en')} open streams`, target: `≤ ${STREAM_KB_MAX} KB per stream` },
    { work: 'memory, after the load', target: `≤ ${AFTER_RATIO_MAX}× idle` },
  ],
  async run(bench) {
    return await withPeers([bench.subject], bench.setup('gateway', true), async (started) => {
      const subject = needed(started[0], bench.subject.name);
      const request = { kind: 'closed', port: subject.port, request: chatRequest(subject), bodyBytes: CHAT_REPLY.length } as const;
      await bench.load.run({ ...request, connections: 1, durationMs: 1 });
      await Bun.sleep(2_000);
      const idle = readMemory(subject.pid).rssBytes;
      const streams = Math.min(bench.quick ? STREAMS_QUICK : STREAMS, streamsAllowed());
      const open = await openStreams(bench, subject, streams);
      const loaded = await bench.load.run({ ...request, connections: 64, durationMs: bench.roundMs });
      const after = await settled(subject, idle * AFTER_RATIO_MAX);
      const perStream = (open.rssBytes - idle) / streams / 1_024;
      const rows: Row[] = [
        judge(memory.rows[0], `${(idle / MB).toFixed(0)} MB`, idle <= IDLE_MB_MAX * MB),
        judge(memory.rows[1], `${perStream.toFixed(1)} KB at ${streams} streams`, perStream <= STREAM_KB_MAX),
        judge(
          memory.rows[2],
          `${(after.rssBytes / idle).toFixed(2)}× ${(after.tookMs / 1_000).toFixed(0)} s later`,
          after.rssBytes <= idle * AFTER_RATIO_MAX,
        ),
      ];
      const notes = [
        `${subject.name}: ${(open.rssBytes / MB).toFixed(0)} MB with ${streams} streams open, ${(after.rssBytes / MB).toFixed(0)} MB ${(after.tookMs / 1_000).toFixed(1)} s after the load, peak ${(after.peakBytes / MB).toFixed(0)} MB`,
      ];
      if (open.errors + loaded.errors > 0) {
        notes.push(`errors: ${open.errors} streams (${open.samples.join('; ')}), ${loaded.errors} whole replies`);
        return { rows: rows.map((row) => ({ ...row, verdict: 'invalid' as const })), notes, raw: { idle, open, after } };
      }
      return { rows, notes, raw: { idle, open, after } };
    });
  },
};

/** The greatest resident size while all streams were open. */
async function openStreams(
  bench: Bench,
  subject: Peer,
  streams: number,
): Promise<{ rssBytes: number; errors: number; samples: readonly string[] }> {
  let allOpen = false;
  let running = true;
  const job = bench.load.run(
    {
      kind: 'streams',
      port: subject.port,
      request: chatStreamRequest(subject, SHAPE),
      connections: streams,
      durationMs: 0,
      events: eventsOf(SHAPE),
      rampMs: RAMP_MS,
    },
    () => {
      allOpen = true;
    },
  );
  const ended = job.finally(() => {
    running = false;
  });
  let rssBytes = 0;
  while (running) {
    if (allOpen) rssBytes = Math.max(rssBytes, readMemory(subject.pid).rssBytes);
    await Promise.race([Bun.sleep(250), ended]);
  }
  const { errors, errorSamples } = await ended;
  return { rssBytes, errors, samples: errorSamples };
}

/** Waits until the resident size is down to `bytes`, at most 30 s; answers with the least that was seen. */
async function settled(subject: Peer, bytes: number): Promise<{ rssBytes: number; peakBytes: number; tookMs: number }> {
  const startMs = performance.now();
  let least = Number.POSITIVE_INFINITY;
  let peakBytes = 0;
  while (least > bytes && performance.now() - startMs < SETTLE_MS_MAX) {
    await Bun.sleep(500);
    const reading = readMemory(subject.pid);
    least = Math.min(least, reading.rssBytes);
    peakBytes = reading.peakBytes;
  }
  return { rssBytes: least, peakBytes, tookMs: performance.now() - startMs };
}

/** A proxied stream takes two open files of the gateway's. */
function streamsAllowed(): number {
  const hard = Number(new TextDecoder().decode(Bun.spawnSync(['sh', '-c', 'ulimit -Hn']).stdout));
  return Number.isNaN(hard) ? STREAMS : Math.floor((hard - 500) / 2);
}

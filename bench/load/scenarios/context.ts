/*
 * Memory and knowledge without any model: how fast they are found and taken in, by themselves on both cores (bench/context/probe.ts), and what
 * they add to a chat of the real gateway: `POST /v1/chat` with 10,000 memories of the user and 100,000 chunks, and what is said remembered, beside the same
 * chat with neither, one after the other in turn.
 */
import { createProse } from '../../context/corpus.ts';
import { type ContextFigures, OWNER } from '../../context/probe.ts';
import { cpuBetweenUs, readCpu } from '../../measure/process-usage.ts';
import { BENCH_KEY, type Peer } from '../../peers/peer.ts';
import { MODEL } from '../fixtures.ts';
import { type Bench, judge, type Row, type Scenario } from './scenario.ts';

const CHUNKS = 100_000;
const MEMORIES = 10_000;
const QUESTIONS = 2_000;
const CHATS = 400;
/** Before the first that counts. */
const WARM_UP_SHARE = 0.25;
const QUICK = 20;

const RETRIEVAL_MS_MAX = { p50: 3, p99: 15 } as const;
const CHAT_MS_MAX = 5;
const CHUNKS_PER_SECOND_MIN = 3_000;
const HELD_UP_MS_MAX = 10;

const ROWS = {
  memories: {
    work: `recall among ${MEMORIES} memories of one user`,
    target: `p50 ≤ ${RETRIEVAL_MS_MAX.p50} ms, p99 ≤ ${RETRIEVAL_MS_MAX.p99} ms`,
  },
  chunks: { work: `search among ${CHUNKS} chunks`, target: `p50 ≤ ${RETRIEVAL_MS_MAX.p50} ms, p99 ≤ ${RETRIEVAL_MS_MAX.p99} ms` },
  ingestion: { work: 'ingestion, lexical', target: `≥ ${CHUNKS_PER_SECOND_MIN} chunks/s` },
  loop: { work: 'event loop held up by any of it', target: `≤ ${HELD_UP_MS_MAX} ms` },
  chat: { work: 'added to /v1/chat by memory and knowledge', target: `p50 ≤ ${CHAT_MS_MAX} ms` },
} as const;

export const context: Scenario = {
  name: 'context',
  rows: Object.values(ROWS),
  async run(bench) {
    const scale = bench.quick ? QUICK : 1;
    const file = `${bench.scratch}/data/gatehouse.db`;
    const figures = await probe(file, [CHUNKS / scale, MEMORIES / scale, QUESTIONS / scale]);
    const added = await chats(bench, CHATS / scale);
    const { ingestion, remembering, recall, search, idle } = figures.heldUpMs;
    const longest = Math.max(ingestion, remembering, recall, search);
    const rows: Row[] = [
      judged(ROWS.memories, figures.recallMs),
      judged(ROWS.chunks, figures.searchMs),
      judge(ROWS.ingestion, `${figures.chunksPerSecond.toFixed(0)} chunks/s`, figures.chunksPerSecond >= CHUNKS_PER_SECOND_MIN),
      judge(ROWS.loop, `${longest.toFixed(1)} ms`, longest <= HELD_UP_MS_MAX),
      judge(ROWS.chat, `${added.medianMs.toFixed(2)} ms`, added.medianMs <= CHAT_MS_MAX),
    ];
    const notes = [
      `${figures.chunks} chunks, ${figures.memories} memories; ${figures.turnsPerSecond.toFixed(0)} turns/s remembered, each durable`,
      `held up: ingestion ${ingestion.toFixed(1)}, remembering ${remembering.toFixed(1)}, recall ${recall.toFixed(1)}, search ${search.toFixed(1)} ms; by the machine itself, while nothing was done for 20 s: ${idle.toFixed(1)} ms`,
      `a chat costs ${added.withCpuMs.toFixed(2)} ms of CPU with context, ${added.withoutCpuMs.toFixed(2)} ms without, of all threads of the gateway on its one core`,
      `chats: ${added.withMs.toFixed(2)} ms with context, ${added.withoutMs.toFixed(2)} ms without; first one after the start waited ${added.coldMs.toFixed(0)} ms for the indexes`,
    ];
    return { rows, notes, raw: { figures, added } };
  },
};

function judged(row: Pick<Row, 'work' | 'target'>, ms: readonly number[]): Row {
  const p50 = quantile(ms, 0.5);
  const p99 = quantile(ms, 0.99);
  return judge(row, `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`, p50 <= RETRIEVAL_MS_MAX.p50 && p99 <= RETRIEVAL_MS_MAX.p99);
}

/** By itself: not tied to a core. */
async function probe(file: string, sizes: readonly number[]): Promise<ContextFigures> {
  const program = new URL('../../context/probe.ts', import.meta.url).pathname;
  const command = ['taskset', '-c', '0,1', process.execPath, program, file, ...sizes.map(String)];
  const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' });
  const printed = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`the probe of memory and knowledge failed: ${command.join(' ')}`);
  return JSON.parse(printed) as ContextFigures;
}

interface Added {
  readonly medianMs: number;
  readonly withMs: number;
  readonly withoutMs: number;
  readonly coldMs: number;
  readonly withCpuMs: number;
  readonly withoutCpuMs: number;
}

async function chats(bench: Bench, count: number): Promise<Added> {
  const peer = await bench.subject.start(bench.setup('gateway'));
  try {
    const prose = createProse();
    const startMs = performance.now();
    while (!(await chat(peer, prose.question(8), true)).isWhole) await Bun.sleep(50);
    const coldMs = performance.now() - startMs;
    for (let index = 0; index < count * WARM_UP_SHARE; index++) await chat(peer, prose.question(5 + (index % 12)), true);
    const withMs: number[] = [];
    const withoutMs: number[] = [];
    for (let index = 0; index < count; index++) {
      const question = prose.question(5 + (index % 12));
      withoutMs.push((await chat(peer, question, false)).tookMs);
      withMs.push((await chat(peer, question, true)).tookMs);
    }
    const differences = withMs.map((value, index) => value - (withoutMs[index] ?? 0));
    const cpuMs = async (withContext: boolean): Promise<number> => {
      const before = readCpu(peer.pid);
      for (let index = 0; index < count; index++) await chat(peer, prose.question(5 + (index % 12)), withContext);
      return cpuBetweenUs(before, readCpu(peer.pid)) / count / 1_000;
    };
    return {
      medianMs: quantile(differences, 0.5),
      withMs: quantile(withMs, 0.5),
      withoutMs: quantile(withoutMs, 0.5),
      coldMs,
      withCpuMs: await cpuMs(true),
      withoutCpuMs: await cpuMs(false),
    };
  } finally {
    await peer.stop();
  }
}

interface UnifiedReply {
  readonly metadata: {
    /** Absent where nothing was looked for. */
    readonly left_out?: readonly unknown[];
    readonly memories_retrieved: number;
    readonly rag_documents_retrieved: number;
  };
}

async function chat(peer: Peer, question: string, withContext: boolean): Promise<{ tookMs: number; isWhole: boolean }> {
  const startMs = performance.now();
  const reply = await fetch(`http://127.0.0.1:${peer.port}/v1/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${BENCH_KEY}` },
    body: JSON.stringify({
      model: MODEL,
      messages: [{ role: 'user', content: question }],
      user_id: OWNER.user,
      use_memory: withContext,
      use_rag: withContext,
      store_memory: withContext,
      ...(withContext ? { collections: [OWNER.collection] } : {}),
    }),
  });
  const text = await reply.text();
  const tookMs = performance.now() - startMs;
  if (reply.status !== 200) throw new Error(`a chat was answered with ${reply.status} ${text}`);
  const { metadata } = JSON.parse(text) as UnifiedReply;
  return {
    tookMs,
    isWhole: (metadata.left_out ?? []).length === 0 && metadata.memories_retrieved > 0 && metadata.rag_documents_retrieved > 0,
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

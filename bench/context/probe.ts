/*
 * Memory and knowledge by themselves, in their thread, on a file: how fast documents come in, how fast memories and chunks are found, and how
 * long the thread that asks (in the gateway: the event loop) was held up meanwhile. Prints one line of JSON.
 *
 *   bun bench/context/probe.ts FILE CHUNKS MEMORIES QUESTIONS
 */
import { systemClock } from '../../src/base/system-clock.ts';
import { configSchema } from '../../src/config/config.ts';
import type { ContextEngine } from '../../src/context/context-engine.ts';
import { createContextThread } from '../../src/context/engine/context-thread.ts';
import { createCurrentContextModels } from '../../src/gateway/context-models.ts';
import { createProse } from './corpus.ts';

/** Where the scenario finds it again. */
export const OWNER = { tenant: 'default', user: 'bench', collection: 'vs_bench' } as const;

export interface ContextFigures {
  readonly chunks: number;
  readonly chunksPerSecond: number;
  readonly memories: number;
  readonly turnsPerSecond: number;
  readonly recallMs: readonly number[];
  readonly searchMs: readonly number[];
  /** The longest time for which the asking thread was held up, in milliseconds, while each was done; `idle`: while nothing was, by the machine itself. */
  readonly heldUpMs: Readonly<Record<'ingestion' | 'remembering' | 'recall' | 'search' | 'idle', number>>;
}

const DOCUMENT_WORDS = 6_000;
const TURN_WORDS = 30;
const SESSION_TURNS = 20;
const PARALLEL = 2;
const IDLE_MS = 20_000;
const DOCUMENTS_AT_ONCE = 50;
const MEMORY = { tenant: OWNER.tenant, kind: 'memory', name: OWNER.user } as const;

if (import.meta.main) {
  const [path = '', chunks = '', memories = '', questions = ''] = process.argv.slice(2);
  const { context, state } = configSchema.parse({ state: { records: `sqlite:${path}` } });
  await using engine = createContextThread(
    { state, context },
    { clock: systemClock, models: createCurrentContextModels(), onFault: (message) => process.stderr.write(`${message}\n`) },
  );
  const figures = await measure(engine, { chunks: Number(chunks), memories: Number(memories), questions: Number(questions) });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

interface Sizes {
  readonly chunks: number;
  readonly memories: number;
  readonly questions: number;
}

async function measure({ memory, knowledge }: ContextEngine, sizes: Sizes): Promise<ContextFigures> {
  const { tenant, collection } = OWNER;
  const prose = createProse();
  await knowledge.createCollection(tenant, { id: collection, name: 'bench', createdMs: 0, lastActiveMs: 0, metadata: {} });
  let chunks = 0;
  let documents = 0;
  let spentMs = 0;
  let ingestion = 0;
  while (chunks < sizes.chunks) {
    // What is made here is not what is measured.
    const texts = Array.from({ length: DOCUMENTS_AT_ONCE }, () => prose.text(DOCUMENT_WORDS));
    Bun.gc(true);
    const startMs = performance.now();
    const longest = await heldUp(() =>
      each(texts, async (text) => {
        const id = `doc_${documents++}`;
        const document = { id, filename: `${id}.txt`, mediaType: 'text/plain', text, attributes: {}, owner: OWNER.user };
        const indexed = await knowledge.index(tenant, collection, document);
        chunks += indexed.chunks;
      }),
    );
    spentMs += performance.now() - startMs;
    ingestion = Math.max(ingestion, longest);
  }
  let turns = 0;
  const rememberedMs = performance.now();
  const remembering = await heldUp(async () => {
    for (let session = 0; turns < sizes.memories; session++) {
      const said = Array.from({ length: SESSION_TURNS }, (_, index) => ({
        role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
        text: prose.text(TURN_WORDS),
      }));
      await memory.remember(MEMORY, { session: `s${session}`, firstTurn: 0, turns: said, infer: true });
      turns += said.length;
    }
  });
  const turnsPerSecond = (turns / (performance.now() - rememberedMs)) * 1_000;
  const idle = await heldUp(() => Bun.sleep(IDLE_MS));
  const questions = Array.from({ length: sizes.questions }, (_, index) => prose.question(5 + (index % 12)));
  const recall = await times(questions, (query) => memory.recall(MEMORY, { query, limit: 5 }));
  const search = await times(questions, (query) => knowledge.search(tenant, { queries: [query], collections: [collection], limit: 3 }));
  return {
    chunks,
    chunksPerSecond: (chunks / spentMs) * 1_000,
    memories: turns,
    turnsPerSecond,
    recallMs: recall.ms,
    searchMs: search.ms,
    heldUpMs: { ingestion, remembering, recall: recall.heldUpMs, search: search.heldUpMs, idle },
  };
}

/** One after another, after a tenth of them to warm up. */
async function times(
  questions: readonly string[],
  ask: (question: string) => Promise<unknown>,
): Promise<{ ms: number[]; heldUpMs: number }> {
  for (const question of questions.slice(0, questions.length / 10)) await ask(question);
  const ms: number[] = [];
  const heldUpMs = await heldUp(async () => {
    for (const question of questions) {
      const startMs = performance.now();
      await ask(question);
      ms.push(performance.now() - startMs);
    }
  });
  return { ms, heldUpMs };
}

async function each<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const worker = async (): Promise<void> => {
    for (let item = rest.pop(); item !== undefined; item = rest.pop()) await run(item);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

/** The longest gap between two ticks of this thread, beyond the tick itself. */
async function heldUp(run: () => Promise<void>): Promise<number> {
  const TICK_MS = 1;
  let longest = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longest = Math.max(longest, nowMs - lastMs - TICK_MS);
    lastMs = nowMs;
  }, TICK_MS);
  await run();
  clearInterval(timer);
  return longest;
}

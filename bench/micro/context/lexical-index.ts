import { createLexicalIndex } from '../../../src/context/lexical/create-index.ts';
import type { LexicalIndex } from '../../../src/context/lexical/lexical-index.ts';
import { STOP_WORDS } from '../../../src/context/lexical/stop-words.ts';

/*
 * What the lexical index costs: 100,000 chunks of some 100 words in files of 50, and 10,000 turns of 25 words in sessions of 20. Words are as frequent as in
 * English (every second one is a stop word, the others follow Zipf's law), and those of questions too.
 * Run: node bin/gatehouse.mjs run bench/micro/context/lexical-index.ts
 */

const VOCABULARY = 80_000;
const SYLLABLES = 'ba de fi go lu ma ne pi ro su ta ve wi zo cha dre fla gri sto tion'.split(' ');
const stopWords = [...STOP_WORDS];

let state = 1;
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

const words = Array.from({ length: VOCABULARY }, (_, rank) => {
  let word = '';
  for (let rest = rank + 40; rest > 0; rest = Math.floor(rest / SYLLABLES.length)) word += SYLLABLES[rest % SYLLABLES.length];
  return word;
});

/** Rank by Zipf's law with exponent 1, by inversion. */
function zipfWord(): string {
  return words[Math.floor(VOCABULARY ** random()) - 1] ?? '';
}

function textOf(count: number): string {
  const chosen = Array.from({ length: count }, () => (random() < 0.45 ? stopWords[Math.floor(random() * stopWords.length)] : zipfWord()));
  return `${chosen.join(' ')}.`;
}

function told(times: readonly number[], unit: string): string {
  const sorted = times.toSorted((left, right) => left - right);
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(3);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, greatest ${at(1)} ${unit}`;
}

/** Milliseconds of this process' CPU: what others do on the machine does not count, what the collector does is counted. */
function timed(call: () => unknown): number {
  const before = process.cpuUsage();
  call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** The best of five: what the machine does besides hides in the others. */
function searched(index: LexicalIndex, questions: readonly string[], accept?: (id: string) => boolean): number[] {
  const query = (text: string) => ({ text, limit: 10, ...(accept === undefined ? {} : { accept }) });
  return questions.map((text) => Math.min(...Array.from({ length: 5 }, () => timed(() => index.search(query(text))))));
}

function measure(name: string, units: number, shape: { readonly words: number; readonly group: number }): LexicalIndex {
  const index = createLexicalIndex();
  const texts = Array.from({ length: units }, () => textOf(shape.words));
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  const startUsage = process.cpuUsage();
  const puts = texts.map((text, at) => {
    const group = String(Math.floor(at / shape.group));
    return timed(() => index.put({ id: `unit-${at}`, group, position: at, text, about: `file ${group}` }));
  });
  const { user, system } = process.cpuUsage(startUsage);
  const perSecond = (units / (user + system)) * 1e6;
  Bun.gc(true);
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  process.stdout.write(
    `${name}: ${Math.round(perSecond)} puts/s (${told(puts, 'ms')}), ${(index.bytes / 2 ** 20).toFixed(0)} MB by its own count, ${grown.toFixed(0)} MB by the process\n`,
  );
  const questions = Array.from({ length: 500 }, () => textOf(5 + Math.floor(random() * 16)));
  process.stdout.write(`${name}: search ${told(searched(index, questions), 'ms')}\n`);
  const isOneOf100 = (id: string) => id.endsWith('77');
  process.stdout.write(`${name}: search where one of 100 is accepted ${told(searched(index, questions, isOneOf100), 'ms')}\n`);
  return index;
}

measure('10,000 turns', 10_000, { words: 25, group: 20 });
const index = measure('100,000 chunks', 100_000, { words: 100, group: 50 });
const removals = Array.from({ length: 2_000 }, (_, at) => timed(() => index.remove(`unit-${at * 37}`)));
process.stdout.write(`100,000 chunks: remove ${told(removals, 'ms')}\n`);

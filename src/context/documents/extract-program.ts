/*
 * The process that reads one file: its bytes come in on standard input, what to do with them as an argument. It answers on standard output
 * with one line of JSON, and after it the text in UTF-8; then it ends. It has neither the gateway's environment nor anything of its memory.
 *
 * Whatever holds its only thread, a thread beside it ends the process when it takes too long, grows too large, or when nobody is left who
 * waits for its answer (extract-watch-program.ts).
 */

import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { type ExtractRequest, extract } from './extract.ts';
import type { ExtractAnswer } from './extractor.ts';
import { FileRefusal } from './file-refusal.ts';

export interface ExtractProgramArguments extends ExtractRequest {
  readonly timeoutMs: number;
  readonly memoryBytesMax: number;
}

const NOTHING = new Uint8Array(0);
const given = JSON.parse(process.argv[2] ?? '') as ExtractProgramArguments;
const watch = new Worker(new URL('extract-watch-program.ts', import.meta.url));
watch.postMessage({ ...given, parent: process.ppid }, []);
watch.unref();
yieldToOthers();
// The parsers tell what they find odd in a file; standard output is for the answer alone.
Object.assign(globalThis.console, { log: silent, info: silent, warn: silent, error: silent });

const { answer, text } = await run();
const out = Bun.stdout.writer();
await out.write(`${JSON.stringify(answer)}\n`);
await out.write(text);
await out.end();

function silent(): void {}

/**
 * Reading files leaves nine tenths of a busy processor to whoever is being answered; and where memory runs out, this process goes first. At the
 * lowest priority of all it gets a hundredth, and a file of one line takes longer than any file may.
 */
function yieldToOthers(): void {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  if (process.platform === 'linux') writeFileSync('/proc/self/oom_score_adj', '1000');
}

async function run(): Promise<{ answer: ExtractAnswer; text: Uint8Array }> {
  try {
    const { facts, text: found } = await extract(await Bun.stdin.bytes(), given);
    const encoded = new TextEncoder().encode(found);
    return { answer: { kind: 'text', facts, bytes: encoded.length }, text: encoded };
  } catch (cause) {
    if (cause instanceof FileRefusal) return { answer: { kind: 'refused', code: cause.code, message: cause.message }, text: NOTHING };
    return { answer: { kind: 'failed', message: String(cause).slice(0, 500) }, text: NOTHING };
  }
}

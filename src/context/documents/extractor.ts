/*
 * Reads the text of a file in a process of its own, and bounds all that the file could do there: time, memory, and the size of the answer.
 * A process is started per file: it costs 60 ms, and what a hostile file did to it ends with it.
 */

import { join } from 'node:path';
import { type Abortable, onAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { ExtractionFacts } from './extract.ts';
import type { ExtractProgramArguments } from './extract-program.ts';
import { FileRefusal, REFUSAL_CODES, type RefusalCode } from './file-refusal.ts';
import { readableKind } from './file-signature.ts';
import { Slots } from './slots.ts';
import type { UploadsConfig } from './uploads-config.ts';

/** What the process says, before the text. */
export type ExtractAnswer =
  | { readonly kind: 'text'; readonly facts: ExtractionFacts; readonly bytes: number }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

export interface ExtractedText {
  /** UTF-8. */
  readonly text: Uint8Array;
  readonly facts: ExtractionFacts;
}

export interface Extractor {
  /** Throws a FileRefusal, or the signal's reason. `extension` is in lower case, without its dot. */
  extract(bytes: Uint8Array, extension: string, signal: Abortable): Promise<ExtractedText>;
}

export interface ExtractorDeps {
  readonly clock: Clock;
  /** Told when a parser failed in a way that it should not. */
  readonly onFailure: (message: string) => void;
}

type ExtractorConfig = Pick<
  UploadsConfig,
  'types' | 'text_characters_max' | 'pages_max' | 'extraction_timeout' | 'extraction_memory_max' | 'extractions_max'
>;

/** Nothing is read, fetched or installed behind our back. */
const RUNTIME_FLAGS = ['--no-env-file', '--no-install'];
/** The process's own watch, which is there in case that we are gone, comes after ours. */
const WATCH_LATER_MS = 1_000;
const HEAD_BYTES_MAX = 4_096;
/** UTF-8 has at most this for one character. */
const CHARACTER_BYTES_MAX = 4;
const LINE_FEED = 10;

export function createExtractor(config: ExtractorConfig, deps: ExtractorDeps): Extractor {
  const slots = new Slots(config.extractions_max);
  return {
    async extract(bytes, extension, signal) {
      // What its first bytes rule out is worth neither a place nor a process.
      readableKind(bytes);
      using _slot = await slots.take(signal);
      const answer = parseAnswer(await runProgram({ bytes, extension, signal, config, clock: deps.clock }));
      switch (answer.kind) {
        case 'text':
          return { text: answer.text, facts: answer.facts };
        case 'refused':
          throw new FileRefusal(answer.code, answer.message);
        case 'failed':
          deps.onFailure(answer.message);
          throw new FileRefusal('file_unreadable', 'the file could not be read');
      }
    },
  };
}

interface Run {
  readonly bytes: Uint8Array;
  readonly extension: string;
  readonly signal: Abortable;
  readonly config: ExtractorConfig;
  readonly clock: Clock;
}

/** What the process wrote. Throws a FileRefusal when it had to be ended, and the signal's reason. */
async function runProgram({ bytes, extension, signal, config, clock }: Run): Promise<Uint8Array> {
  signal.throwIfAborted();
  const given: ExtractProgramArguments = {
    extension,
    kinds: config.types,
    charactersMax: config.text_characters_max,
    pagesMax: config.pages_max,
    timeoutMs: config.extraction_timeout + WATCH_LATER_MS,
    memoryBytesMax: config.extraction_memory_max,
  };
  const child = Bun.spawn([process.execPath, ...RUNTIME_FLAGS, join(import.meta.dir, 'extract-program.ts'), JSON.stringify(given)], {
    cwd: import.meta.dir,
    // Nothing of ours: there are secrets in it. Its collector is told how much memory there is to be had.
    env: { BUN_JSC_forceRAMSize: String(config.extraction_memory_max) },
    stdin: bytes,
    stdout: 'pipe',
    stderr: 'ignore',
  });
  let isLate = false;
  const end = (): void => child.kill('SIGKILL');
  try {
    using _deadline = clock.after(config.extraction_timeout, () => {
      isLate = true;
      end();
    });
    using _left = onAbort(signal, end);
    const output = await collect(child.stdout, config.text_characters_max * CHARACTER_BYTES_MAX + HEAD_BYTES_MAX);
    if (output !== undefined && isWhole(output)) return output;
  } finally {
    end();
    await child.exited;
  }
  signal.throwIfAborted();
  const why = isLate ? `more than ${config.extraction_timeout} ms` : `more than ${config.extraction_memory_max} bytes of memory`;
  throw new FileRefusal('file_too_complex', `reading the file takes ${why}`);
}

/** Everything, or undefined when there is more than there may be. */
async function collect(stream: ReadableStream<Uint8Array>, bytesMax: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    length += part.length;
    if (length > bytesMax) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

type Parsed = Exclude<ExtractAnswer, { kind: 'text' }> | ExtractedTextAnswer;
interface ExtractedTextAnswer extends ExtractedText {
  readonly kind: 'text';
}

function headOf(output: Uint8Array): ExtractAnswer | undefined {
  const end = output.indexOf(LINE_FEED);
  return end === -1 ? undefined : (JSON.parse(new TextDecoder().decode(output.subarray(0, end))) as ExtractAnswer);
}

/** A process that was ended may have written a part. */
function isWhole(output: Uint8Array): boolean {
  const head = headOf(output);
  return head !== undefined && (head.kind !== 'text' || output.length === output.indexOf(LINE_FEED) + 1 + head.bytes);
}

function parseAnswer(output: Uint8Array): Parsed {
  const head = headOf(output);
  if (head === undefined) throw new Error('the process that reads files wrote no answer');
  if (head.kind === 'text')
    return { kind: 'text', facts: head.facts, text: new Uint8Array(output.subarray(output.indexOf(LINE_FEED) + 1)) };
  if (head.kind === 'refused' && !REFUSAL_CODES.includes(head.code)) throw new Error(`unknown refusal '${head.code}'`);
  return head;
}

/*
 * How an answer gets onto the wire: with its pace, its faults and real back-pressure. The dialects say what is in it
 * (a Script or a Whole); nothing here knows whether it carries OpenAI's or Ollama's words.
 *
 * What Bun.serve does, measured (1.4.5), and relied on here and in the tests:
 *   - an async generator as body is asked for more only when the socket takes more;
 *   - an error thrown from it resets the connection (the peer reads ECONNRESET, or an unfinished chunked body), and takes with it
 *     what was written in the same turn: so a cut waits a moment, in order to cut after n tokens and not before;
 *   - the head leaves with the first byte of the body, not earlier;
 *   - the client's leaving aborts `request.signal`, and ends a generator that waits for the socket.
 */
import type { Faults } from './faults.ts';
import { createPace, wholeWaitMs } from './pace.ts';
import { type Random, seededRandom } from './text.ts';
import type { Visit } from './visit.ts';

/** What is not text is bytes. */
export type Body = string | Uint8Array<ArrayBuffer>;

/** A streamed answer: events as they go onto the wire, with their framing. */
export interface Script {
  readonly headers: Readonly<Record<string, string>>;
  /** The texts below are bytes, each written as the character of that number (latin1). */
  readonly isBinary?: boolean;
  /** Of the jitter. */
  readonly seed: number;
  /** Before the first token, and in one piece with it. */
  readonly opening: string;
  readonly tokenCount: number;
  /** The event of one token. */
  event(index: number): string;
  /** After the last token: finish, usage, terminal, less what the faults leave out. */
  readonly closing: string;
  /** An event whose JSON is broken. */
  readonly malformed: string;
  /** The dialect's error event. */
  readonly failure: string;
  /** An event with so many bytes of content. */
  huge(contentBytes: number): string;
}

/** An answer in one piece. */
export interface Whole {
  readonly headers: Readonly<Record<string, string>>;
  readonly seed: number;
  /** 0: not generated, and so without a pace. */
  readonly tokenCount: number;
  readonly body: Body;
  /** Body of an error told with status 200, for `error-after`. */
  readonly failure: string;
}

/** What is written before a cut has this long to leave the machine. */
export const CUT_DELAY_MS = 10;
/** Waits up to this long take no notice of a client that leaves: cheaper, and soon over. */
export const SHORT_WAIT_MS = 1_000;
/** Unpaced events travel together in pieces of about this size. */
const BATCH_CHARS = 16_384;

/** Ends a body as told, by resetting the connection. Never seen outside the runtime. */
class ConnectionCut extends Error {
  override readonly name = 'ConnectionCut';
}

export function streamReply(script: Script, faults: Faults, visit: Visit): Response {
  visit.record.answer(200);
  if (faults.empty) return endedReply(visit, script.headers);
  const texts = deliver(script, faults, visit);
  return new Response(script.isBinary === true ? bytesOf(texts) : texts, { headers: script.headers });
}

async function* bytesOf(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) yield Buffer.from(text, 'latin1');
}

/** Resolves when the answer would be whole; rejects when the client leaves before. */
export async function wholeReply(whole: Whole, faults: Faults, visit: Visit): Promise<Response> {
  const waitMs = wholeWaitMs(faults, whole.tokenCount, jitterOf(faults, whole.seed));
  if (waitMs >= 1) await visit.world.clock.sleep(waitMs, visit.request.signal);
  visit.record.answer(200);
  if (faults.empty) return endedReply(visit, whole.headers);

  const part = partOfWhole(whole, faults);
  if (part.then === 'end') {
    visit.record.sent(whole.tokenCount);
    visit.record.end('complete');
    return new Response(part.body, { headers: whole.headers });
  }
  return new Response(deliverPart(part.body, part.then, visit), { headers: whole.headers });
}

/** Resets the connection before a byte was sent: thrown in its first turn, the error is there before the head. */
export function resetReply(visit: Visit): Response {
  visit.record.end('cut');
  return new Response(
    new ReadableStream({
      start(controller) {
        controller.error(new ConnectionCut());
      },
    }),
  );
}

/** Never resolves; rejects when the client leaves. */
export function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function endedReply(visit: Visit, headers: Readonly<Record<string, string>>): Response {
  visit.record.end('complete');
  return new Response(null, { headers });
}

async function* deliver(script: Script, faults: Faults, visit: Visit): AsyncGenerator<string> {
  const { record } = visit;
  const { signal } = visit.request;
  const { clock, ticker } = visit.world;
  try {
    let pending = script.opening;
    if (faults.earlyHead) {
      yield pending;
      pending = '';
    }
    const pace = createPace(faults, jitterOf(faults, script.seed), clock);
    let sent = 0;
    for (const mark of marksOf(faults, script.tokenCount)) {
      while (sent < mark.after) {
        const waitMs = pace.nextWaitMs();
        if (waitMs > SHORT_WAIT_MS) await clock.sleep(waitMs, signal);
        else if (waitMs > 0) await ticker.wait(waitMs);
        if (signal.aborted) return;
        pending += script.event(sent);
        sent += 1;
        record.sent(1);
        if (pace.paced || pending.length >= BATCH_CHARS) {
          yield pending;
          pending = '';
        }
      }
      pending += wordsOf(mark.kind, script, faults);
      if (pending !== '') yield pending;
      pending = '';
      if (mark.kind === 'cut') await cut(visit);
      else if (mark.kind === 'stall') await silence(signal);
      else if (mark.kind === 'end' || mark.kind === 'error') return;
    }
  } finally {
    record.end(signal.aborted ? 'client_gone' : 'complete');
  }
}

export type MarkKind = 'malformed' | 'huge' | 'error' | 'end' | 'cut' | 'stall' | 'close';

export interface Mark {
  /** Tokens sent before it. */
  readonly after: number;
  readonly kind: MarkKind;
}

/** Where something other than a token happens, in order; the last is always the close. */
export function marksOf(faults: Faults, tokenCount: number): readonly Mark[] {
  const marks: Mark[] = [];
  const mark = (after: number | undefined, kind: MarkKind) => {
    if (after !== undefined) marks.push({ after: Math.min(after, tokenCount), kind });
  };
  mark(faults.malformedAfter, 'malformed');
  if (faults.hugeEvent !== undefined) mark(1, 'huge');
  mark(faults.errorAfter, 'error');
  mark(faults.endAfter, 'end');
  mark(faults.cutAfter, 'cut');
  mark(faults.stallAfter, 'stall');
  marks.sort((left, right) => left.after - right.after);
  marks.push({ after: tokenCount, kind: 'close' });
  return marks;
}

function wordsOf(kind: MarkKind, script: Script, faults: Faults): string {
  switch (kind) {
    case 'malformed':
      return script.malformed;
    case 'huge':
      return script.huge(faults.hugeEvent ?? 0);
    case 'error':
      return script.failure;
    case 'close':
      return script.closing;
    case 'end':
    case 'cut':
    case 'stall':
      return '';
  }
}

async function cut(visit: Visit): Promise<never> {
  await visit.world.clock.sleep(CUT_DELAY_MS, visit.request.signal);
  visit.record.end('cut');
  throw new ConnectionCut();
}

interface PartOfWhole {
  readonly body: Body;
  readonly then: 'end' | 'cut' | 'stall';
}

/** A fault after n of m tokens comes after n/m of the body. */
function partOfWhole(whole: Whole, faults: Faults): PartOfWhole {
  const { body, tokenCount } = whole;
  const part = (tokens: number) => body.slice(0, Math.floor(body.length * Math.min(0.99, tokens / Math.max(1, tokenCount))));
  if (faults.cutAfter !== undefined) return { body: part(faults.cutAfter), then: 'cut' };
  if (faults.stallAfter !== undefined) return { body: part(faults.stallAfter), then: 'stall' };
  if (faults.endAfter !== undefined) return { body: part(faults.endAfter), then: 'end' };
  if (faults.malformedAfter !== undefined) return { body: joined(part(faults.malformedAfter), '}{'), then: 'end' };
  if (faults.errorAfter !== undefined) return { body: whole.failure, then: 'end' };
  // White space is as large as content, and leaves the answer what it is.
  if (faults.hugeEvent !== undefined) return { body: joined(body, ' '.repeat(faults.hugeEvent)), then: 'end' };
  return { body, then: 'end' };
}

function joined(body: Body, text: string): Body {
  return typeof body === 'string' ? body + text : Buffer.concat([body, Buffer.from(text)]);
}

async function* deliverPart(body: Body, then: 'cut' | 'stall', visit: Visit): AsyncGenerator<Body> {
  try {
    if (body.length > 0) yield body;
    if (then === 'cut') await cut(visit);
    await silence(visit.request.signal);
  } finally {
    visit.record.end(visit.request.signal.aborted ? 'client_gone' : 'complete');
  }
}

/** Jitter follows from the answer, so that a run repeats; most requests have none and pay nothing. */
export function jitterOf(faults: Faults, seed: number): Random {
  return faults.jitter === undefined || faults.jitter === 0 ? () => 0.5 : seededRandom(seed);
}

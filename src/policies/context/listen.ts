/*
 * Listens to an answer on its way back, and has the turn remembered when it is over. Not a byte is changed. The end of a stream is held back until the turn is
 * stored, for as long as a reply waits for that: whoever has read the end, or `memory_stored`, may count on it.
 */

import type { Clock } from '../../base/clock.ts';
import { publicMemoryId } from '../../context/memory/memory-id.ts';
import type { Dialect } from '../../dialects/dialect.ts';
import type { ChatCodec } from '../../dialects/dialect-codec.ts';
import type { Operation } from '../../operations/operation.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { type ByteStream, isStream, type Reply, type ReplyBody } from '../../pipeline/reply.ts';
import { AnswerReader, readWhole } from './answer-reader.ts';
import type { Asked } from './asked.ts';
import { noteHeaders } from './context-headers.ts';
import type { Remembering } from './remembering.ts';
import { ownWords, rememberedText } from './said.ts';

export interface Listening {
  readonly asked: Asked;
  readonly exchange: Exchange;
  readonly operation: Operation | undefined;
  readonly dialects: ReadonlyMap<string, Dialect>;
  readonly clock: Clock;
  readonly remembering: Remembering;
}

export async function listen(reply: Reply, listening: Listening): Promise<Reply> {
  const { asked, exchange, operation, dialects } = listening;
  const codec = operation === undefined ? undefined : dialects.get(operation.dialect)?.codecs.chat;
  if (asked.write === undefined || asked.words === '' || codec === undefined || reply.status !== 200) {
    noteHeaders(exchange, asked, 'off');
    return reply;
  }
  const { body } = reply;
  if (body !== null && isStream(body)) {
    asked.state.saved = 'queued';
    noteHeaders(exchange, asked, 'queued');
    return { ...reply, body: heard(body, codec, listening) };
  }
  // A stream that comes out of the cache comes in one piece.
  const answer = operation?.stream === true ? readPiece(bytesOf(body), codec) : readWhole(bytesOf(body), codec);
  if (answer !== undefined) await save(answer, listening);
  noteHeaders(exchange, asked, asked.state.saved);
  return reply;
}

async function* heard(body: ByteStream, codec: ChatCodec, listening: Listening): ByteStream {
  const reader = new AnswerReader(codec);
  let isSaved = false;
  for await (const chunk of body) {
    reader.push(chunk);
    if (!isSaved && reader.answer !== undefined) {
      isSaved = true;
      await save(reader.answer, listening);
    }
    yield chunk;
  }
  // Some streams end without a last word; and a stream that was cut has had its error by now.
  if (!isSaved && listening.exchange.outcome?.kind === 'complete') {
    reader.finish();
    if (reader.answer !== undefined) await save(reader.answer, listening);
  }
  if (listening.asked.state.saved === 'queued') listening.asked.state.saved = 'off';
}

function readPiece(bytes: Uint8Array, codec: ChatCodec): string | undefined {
  const reader = new AnswerReader(codec);
  reader.push(bytes);
  if (reader.answer === undefined) reader.finish();
  return reader.answer;
}

async function save(answer: string, { asked, operation, clock, remembering }: Listening): Promise<void> {
  const { write, state, session, place, before, words, wish } = asked;
  if (write === undefined) return;
  const startMs = clock.monotonic();
  const told = operation?.told === undefined ? [] : [...state.profile, ...state.memories, ...state.documents].map(({ text }) => text);
  const { state: saved, id } = await remembering.save({
    partition: write,
    session,
    place,
    before: before === undefined ? undefined : { ...before, text: rememberedText(before.text) },
    question: rememberedText(words),
    answer: rememberedText(ownWords(answer, told)),
    wish,
  });
  state.saved = saved;
  state.savedId = id === undefined ? undefined : publicMemoryId(write.name, id);
  if (saved === 'timeout') state.leave({ part: 'memory', reason: 'timeout' });
  else if (saved === 'failed') state.leave({ part: 'memory', reason: 'storage' });
  state.waitedMs += clock.monotonic() - startMs;
}

function bytesOf(body: ReplyBody): Uint8Array {
  if (body === null || isStream(body)) return new Uint8Array(0);
  return typeof body === 'string' ? Buffer.from(body) : body;
}

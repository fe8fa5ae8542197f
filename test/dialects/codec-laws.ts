/*
 * The laws of a dialect's chat codec. What it says it can say comes back as it was, whole and streamed, wherever the stream is cut; and whatever comes in
 * on either side, nothing but a GatewayError comes of it. Every dialect's test calls this.
 */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { GatewayError } from '../../src/base/errors.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import type { ChatCodec, ChatStreamDecoder, EncodeFacts, EncodeTarget } from '../../src/dialects/dialect-codec.ts';
import { PartSequence } from '../../src/dialects/dialect-sequence.ts';
import type { ChatChoice, ChatPart, ChatReply, ChatRequest } from '../../src/operations/chat.ts';
import type { ChatEvent } from '../../src/operations/chat-events.ts';
import type { ChatAbilities } from '../../src/operations/chat-features.ts';
import { narrow } from '../../src/operations/chat-narrow.ts';
import { ReplyNarrowing } from '../../src/operations/chat-narrow-reply.ts';
import type { Operation } from '../../src/operations/operation.ts';
import { arbitraryReply, arbitraryRequest } from './arbitrary-chat.ts';
import { arbitraryCuts, eventsOf, gather } from './arbitrary-events.ts';
import type { ArbitraryChatConfig } from './arbitrary-parts.ts';
import { arbitraryMutation, mutate } from './mutate.ts';
import { type Normal, plainReply, plainRequest } from './normal-chat.ts';

export interface CodecLawsConfig extends Omit<ArbitraryChatConfig, 'dialect'> {
  /** Reads a request's bytes as the dialect's route does. Default: `dialect.decode`, with no more hints than it needs. */
  decode?(bytes: Uint8Array, stream: boolean): Operation;
  /** What every request of this dialect must have, put into those that are tried. */
  readonly prepare?: Normal<ChatRequest>;
  /** When two requests, or two answers, say the same in this dialect; beside what plainRequest and plainReply know. */
  readonly request?: Normal<ChatRequest>;
  readonly reply?: Normal<ChatReply>;
  /** 1 where the dialect knows of one answer alone. */
  readonly choicesMax?: number;
  readonly target?: Partial<EncodeTarget>;
  readonly facts?: Partial<EncodeFacts>;
  /** Default 100. */
  readonly runs?: number;
}

const NOW_MS = 1_700_000_000_000;
const MODEL = 'some-model';
const SAMPLE_BYTES_MAX = 2_500;

export function codecLaws(dialect: Dialect, config: CodecLawsConfig = {}): void {
  const codec = dialect.codecs.chat;
  if (codec === undefined) throw new Error(`'${dialect.name}' has no chat`);
  const laws = new Laws(dialect, codec, config);
  describe(`the codec of ${dialect.name}`, () => {
    test('gives a request back as it was', () => laws.requests());
    test('says any request in valid JSON, and reads it again', () => laws.anyRequests());
    test('gives a whole answer back as it was', () => laws.replies());
    test('gives a streamed answer back as it was, in pieces of any size', () => laws.streams());
    test('reads a stream the same, cut at each byte', () => laws.cuts());
    test('takes no cut stream for a whole one', () => laws.cutStreams());
    test('refuses a bad request with an error of ours, or not at all', () => laws.badRequests());
    test('refuses a bad answer with an error of ours, or not at all', () => laws.badReplies());
    test('reads a bad stream without throwing, and keeps the laws of events', () => laws.badStreams());
  });
}

class Laws {
  readonly #dialect: Dialect;
  readonly #codec: ChatCodec;
  readonly #config: CodecLawsConfig;
  /** What is said only nearly is not said exactly. */
  readonly #exact: ChatAbilities;
  readonly #facts: EncodeFacts;

  constructor(dialect: Dialect, codec: ChatCodec, config: CodecLawsConfig) {
    this.#dialect = dialect;
    this.#codec = codec;
    this.#config = config;
    this.#exact = Object.fromEntries(
      Object.entries(codec.abilities).map(([name, can]) => [name, can === 'yes' ? 'yes' : 'no']),
    ) as ChatAbilities;
    this.#facts = { id: 'madeuphere', model: MODEL, nowMs: NOW_MS, usageWanted: true, ...config.facts };
  }

  get #runs(): { numRuns: number } {
    return { numRuns: this.#config.runs ?? 100 };
  }

  #requests() {
    const { prepare = same } = this.#config;
    return arbitraryRequest({ ...this.#config, dialect: this.#dialect.name }).map(prepare);
  }

  /** Nobody is called who can't have been named: where there are no custom tools there are no calls of them. */
  #replies() {
    const isCustomized = this.#exact['custom-tools'] === 'yes';
    const whole = arbitraryReply({ ...this.#config, dialect: this.#dialect.name }, this.#config.choicesMax);
    if (isCustomized) return whole;
    return whole.map((reply) => ({ ...reply, choices: reply.choices.map(withoutCustomCalls) }));
  }

  #encode(request: ChatRequest, stream: boolean): Uint8Array {
    return this.#codec.encodeRequest(request, { model: MODEL, stream, streamUsage: true, ...this.#config.target });
  }

  #decode(bytes: Uint8Array, stream: boolean): ChatRequest {
    const operation =
      this.#config.decode?.(bytes, stream) ?? this.#dialect.decode('chat', bytes, { params: { model: MODEL }, hasModel: () => true });
    return this.#codec.decodeRequest(operation);
  }

  #normalRequest(request: ChatRequest): ChatRequest {
    return (this.#config.request ?? same)(plainRequest(request, this.#exact));
  }

  #normalReply(reply: ChatReply): ChatReply {
    return (this.#config.reply ?? same)(plainReply(reply, this.#dialect.name, this.#exact));
  }

  requests(): void {
    fc.assert(
      fc.property(this.#requests(), fc.boolean(), (given, stream) => {
        const { request } = narrow(given, this.#dialect.name, this.#exact);
        const bytes = this.#encode(request, stream);
        expect(this.#normalRequest(this.#decode(bytes, stream))).toEqual(this.#normalRequest(request));
      }),
      this.#runs,
    );
  }

  /** What is said nearly may change, but it is said. */
  anyRequests(): void {
    fc.assert(
      fc.property(this.#requests(), fc.boolean(), (given, stream) => {
        const { request } = narrow(given, this.#dialect.name, this.#codec.abilities);
        const bytes = this.#encode(request, stream);
        JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
        expect(this.#decode(bytes, stream).unread).toEqual([]);
      }),
      this.#runs,
    );
  }

  replies(): void {
    fc.assert(
      fc.property(this.#replies(), (given) => {
        const wanted = new ReplyNarrowing(this.#dialect.name, this.#exact).reply(given);
        const told = this.#codec.decodeReply(Buffer.from(this.#codec.encodeReply(wanted, this.#facts)));
        this.#expectSame(told, wanted);
      }),
      this.#runs,
    );
  }

  /** What the target did not say of itself is made up; it is not compared. */
  #expectSame(told: ChatReply, wanted: ChatReply): void {
    const { id, model, createdAtMs, ...rest } = this.#normalReply(told);
    const { id: wantedId, model: wantedModel, createdAtMs: wantedMs, ...wantedRest } = this.#normalReply(wanted);
    expect(rest).toEqual(wantedRest);
    if (wantedId !== undefined && id !== undefined) expect(id).toBe(wantedId);
    if (wantedModel !== undefined && model !== undefined) expect(model).toBe(wantedModel);
    if (wantedMs !== undefined && createdAtMs !== undefined) expect(createdAtMs).toBe(wantedMs);
  }

  streams(): void {
    fc.assert(
      fc.property(this.#replies(), arbitraryCuts, arbitraryCuts, (given, pieces, sizes) => {
        const wanted = new ReplyNarrowing(this.#dialect.name, this.#exact).reply(given);
        const { reply, isWhole } = gather(this.#read(cut(this.#streamOf(given, pieces), sizes)));
        expect(isWhole).toBe(true);
        this.#expectSame(reply, wanted);
      }),
      this.#runs,
    );
  }

  /** The stream of an answer as a caller gets it, its events written in groups. */
  #streamOf(given: ChatReply, pieces: readonly number[]): Uint8Array {
    const encoder = this.#codec.createEncoder(this.#facts);
    const narrowing = new ReplyNarrowing(this.#dialect.name, this.#exact);
    const sequence = new PartSequence();
    const sent: Uint8Array[] = [];
    const events = eventsOf(given, pieces);
    for (let at = 0, turn = 0; at < events.length; turn += 1) {
      const size = pieces[turn % pieces.length] ?? 1;
      const told: ChatEvent[] = [];
      for (const event of events.slice(at, at + size)) {
        const narrowed = narrowing.event(event);
        if (narrowed !== undefined) sequence.push(narrowed, told);
      }
      at += size;
      const bytes = told.length === 0 ? undefined : encoder.encode(told);
      if (bytes !== undefined) sent.push(Uint8Array.from(bytes));
    }
    return Buffer.concat(sent);
  }

  #read(chunks: readonly Uint8Array[]): ChatEvent[] {
    const decoder: ChatStreamDecoder = this.#codec.createDecoder();
    const events: ChatEvent[] = [];
    for (const chunk of chunks) events.push(...decoder.push(chunk));
    events.push(...decoder.finish());
    return events;
  }

  /** The longest that are short enough to be cut everywhere. */
  #samples(): readonly Uint8Array[] {
    return fc
      .sample(fc.tuple(this.#replies(), arbitraryCuts), { numRuns: 60, seed: 7 })
      .map(([reply, pieces]) => this.#streamOf(reply, pieces))
      .filter(({ length }) => length < SAMPLE_BYTES_MAX)
      .toSorted((a, b) => b.length - a.length)
      .slice(0, 4);
  }

  cuts(): void {
    expect(this.#samples().length).toBeGreaterThan(0);
    for (const stream of this.#samples()) {
      const wanted = gather(this.#read([stream]));
      expect(wanted.isWhole).toBe(true);
      expect(gather(this.#read(cut(stream, [1])))).toEqual(wanted);
      for (let at = 1; at < stream.length; at += 1)
        expect(gather(this.#read([stream.subarray(0, at), stream.subarray(at)]))).toEqual(wanted);
    }
  }

  cutStreams(): void {
    for (const stream of this.#samples()) {
      const { reply } = gather(this.#read([stream]));
      for (let at = 0; at < stream.length; at += 1) {
        const told = gather(this.#read([stream.subarray(0, at)]));
        // Where the last word alone is missing, nothing else may be.
        if (told.isWhole) expect({ ...told.reply, usage: undefined }).toEqual({ ...reply, usage: undefined });
      }
    }
  }

  badRequests(): void {
    fc.assert(
      fc.property(this.#requests(), fc.array(arbitraryMutation, { minLength: 1, maxLength: 3 }), (given, mutations) => {
        const { request } = narrow(given, this.#dialect.name, this.#codec.abilities);
        const bytes = mutations.reduce(mutate, this.#encode(request, false));
        onlyGatewayErrors(() => {
          const decoded = this.#decode(bytes, false);
          // What was accepted can be said again, here as anywhere.
          this.#encode(narrow(decoded, this.#dialect.name, this.#codec.abilities).request, false);
        });
      }),
      { numRuns: 4 * this.#runs.numRuns },
    );
  }

  badReplies(): void {
    fc.assert(
      fc.property(this.#replies(), fc.array(arbitraryMutation, { minLength: 1, maxLength: 3 }), (given, mutations) => {
        const text = this.#codec.encodeReply(new ReplyNarrowing(this.#dialect.name, this.#codec.abilities).reply(given), this.#facts);
        onlyGatewayErrors(() => {
          const reply = this.#codec.decodeReply(mutations.reduce(mutate, Buffer.from(text)));
          this.#codec.encodeReply(new ReplyNarrowing(this.#dialect.name, this.#codec.abilities).reply(reply), this.#facts);
        });
      }),
      { numRuns: 4 * this.#runs.numRuns },
    );
  }

  badStreams(): void {
    fc.assert(
      fc.property(
        this.#replies(),
        arbitraryCuts,
        fc.array(arbitraryMutation, { minLength: 1, maxLength: 3 }),
        arbitraryCuts,
        (given, pieces, mutations, sizes) => {
          const bytes = mutations.reduce(mutate, this.#streamOf(given, pieces));
          gather(this.#read(cut(bytes, sizes)));
        },
      ),
      { numRuns: 4 * this.#runs.numRuns },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), arbitraryCuts, (bytes, sizes) => {
        gather(this.#read(cut(bytes, sizes)));
      }),
      this.#runs,
    );
  }
}

function withoutCustomCalls(choice: ChatChoice): ChatChoice {
  const parts = choice.parts.map(
    (part): ChatPart => (part.kind === 'tool-call' && part.custom === true ? { kind: 'text', text: part.arguments } : part),
  );
  const isTooled = parts.some(({ kind }) => kind === 'tool-call');
  return { ...choice, parts, finish: choice.finish === 'tool-calls' && !isTooled ? 'stop' : choice.finish };
}

function same<Kind>(value: Kind): Kind {
  return value;
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

function onlyGatewayErrors(run: () => void): void {
  try {
    run();
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
  }
}

/*
 * The way from one dialect to another, and back: the caller's request in our words, fitted to what the target's dialect can say, in that dialect's words; and
 * the answer likewise. Which dialects they are is nowhere asked.
 */

import { GatewayError } from '../base/errors.ts';
import type { ChatMessage, ChatPart, ChatRequest } from '../operations/chat.ts';
import { CustomToolCalls, withoutCustomTools } from '../operations/chat-custom-tools.ts';
import type { ChatEvent } from '../operations/chat-events.ts';
import type { ChatAbilities, ChatFeature } from '../operations/chat-features.ts';
import { type Narrowed, narrow } from '../operations/chat-narrow.ts';
import { ReplyNarrowing } from '../operations/chat-narrow-reply.ts';
import type { CROSSED_OPERATIONS, Operation, OperationKind } from '../operations/operation.ts';
import type { Usage } from '../operations/usage.ts';
import type { Dialect, ReplyFacts, StreamMeter } from './dialect.ts';
import { withCallIds } from './dialect-call-id.ts';
import type {
  ChatCodec,
  ChatStreamDecoder,
  ChatStreamEncoder,
  DialectCodecs,
  EncodeFacts,
  EncodeTarget,
  WholeCodec,
} from './dialect-codec.ts';
import { PartSequence } from './dialect-sequence.ts';

/** What a request lost and changed on its way; names of features, and of the caller's own fields. */
export interface CrossingReport {
  readonly lost: readonly ChatFeature[];
  readonly adapted: readonly ChatFeature[];
  /** Fields of the caller's body that our words have no place for. */
  readonly unread: readonly string[];
}

/** One request on its way to one target. */
export interface Crossing {
  readonly report: CrossingReport;
  encodeRequest(target: EncodeTarget): Uint8Array;
  /** Reads a whole reply; throws `upstream_reply_invalid`. */
  readReply(bytes: Uint8Array): CrossedReply;
  /** Reads a stream and writes the caller's. Throws where the operation knows no streams. */
  createMeter(facts: EncodeFacts): StreamMeter;
}

export interface CrossedReply extends ReplyFacts {
  /** The reply in the caller's dialect. */
  encode(facts: EncodeFacts): string;
  /** What the caller's dialect can't tell of it; known once it is encoded. */
  readonly lost: ReadonlySet<ChatFeature>;
}

const CODEC_OF: Readonly<Record<(typeof CROSSED_OPERATIONS)[number], keyof DialectCodecs>> = {
  chat: 'chat',
  embed: 'embed',
  rerank: 'rerank',
  'count-tokens': 'countTokens',
};

/** Whether an operation asked in one dialect can be put to a target in the other. */
export function canCross(kind: OperationKind, from: Dialect, to: Dialect): boolean {
  const name = kind in CODEC_OF ? CODEC_OF[kind as keyof typeof CODEC_OF] : undefined;
  return name !== undefined && from.codecs[name] !== undefined && to.codecs[name] !== undefined;
}

/** What a target of the dialect can be told that lacks some of it. */
function lacking(abilities: ChatAbilities | undefined, lacks: readonly ChatFeature[]): ChatAbilities | undefined {
  if (abilities === undefined || lacks.length === 0) return abilities;
  return { ...abilities, ...Object.fromEntries(lacks.map((feature) => [feature, 'no' as const])) };
}

/** What can be told in a crossing, which knows a way around some of what a dialect has no word for. */
export function crossedAbilities(abilities: ChatAbilities): ChatAbilities {
  return goesAround(abilities) ? { ...abilities, 'custom-tools': 'near' } : abilities;
}

/** Custom tools are functions there. */
function goesAround(abilities: ChatAbilities): boolean {
  return abilities['custom-tools'] === 'no' && abilities.tools !== 'no';
}

export interface CrossingEnds {
  /** The caller's dialect. */
  readonly from: Dialect;
  /** The target's. */
  readonly to: Dialect;
  /** What the target can't be told although its dialect could say it. */
  readonly lacks?: readonly ChatFeature[];
}

/** The crossing of an operation, which `canCross` has allowed. Throws `request_invalid` or `field_invalid` for a body that is not what it should be. */
export function cross(operation: Operation, { from, to, lacks = [] }: CrossingEnds): Crossing {
  const abilities = lacking(to.codecs.chat?.abilities, lacks);
  switch (operation.kind) {
    case 'chat':
      return crossChat(operation, { from, to, abilities: must(abilities), own: must(from.codecs.chat), theirs: must(to.codecs.chat) });
    case 'count-tokens':
      return crossCount(operation, {
        from,
        to,
        abilities: must(abilities),
        own: must(from.codecs.countTokens),
        theirs: must(to.codecs.countTokens),
      });
    case 'embed':
      return crossWhole(operation, must(from.codecs.embed), must(to.codecs.embed));
    case 'rerank':
      return crossWhole(operation, must(from.codecs.rerank), must(to.codecs.rerank));
    default:
      throw new Error(`nothing crosses dialects for '${operation.kind}'`);
  }
}

function must<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error('a crossing was asked for that there is not');
  return part;
}

interface Sides<Codec> {
  readonly from: Dialect;
  readonly to: Dialect;
  /** The target's. */
  readonly abilities: ChatAbilities;
  readonly own: Codec;
  readonly theirs: Codec;
}

function crossChat(operation: Operation, { from, to, abilities, own, theirs }: Sides<ChatCodec>): Crossing {
  const decoded = withToolNames(own.decodeRequest(operation));
  const { request, lost, adapted } = fitted(decoded, to.name, abilities);
  const custom = goesAround(abilities) ? (decoded.tools?.filter(({ kind }) => kind === 'custom') ?? []) : [];
  const customCalls = () => (custom.length === 0 ? undefined : new CustomToolCalls(custom));
  return {
    report: { lost, adapted, unread: decoded.unread },
    encodeRequest: (target) => {
      const { callIdChars: chars } = target;
      return theirs.encodeRequest(chars === undefined ? request : { ...request, messages: withCallIds(request.messages, chars) }, target);
    },
    readReply(bytes) {
      const read = theirs.decodeReply(bytes);
      const reply = customCalls()?.reply(read) ?? read;
      const narrowing = new ReplyNarrowing(from.name, own.abilities);
      return {
        ...(reply.usage === undefined ? {} : { usage: reply.usage }),
        ...(reply.model === undefined ? {} : { model: reply.model }),
        lost: narrowing.lost,
        encode: (facts) => own.encodeReply(narrowing.reply(reply), { ...facts, request: decoded }),
      };
    },
    createMeter: (facts) =>
      new CrossingMeter({
        decoder: theirs.createDecoder(),
        encoder: own.createEncoder({ ...facts, request: decoded }),
        narrowing: new ReplyNarrowing(from.name, own.abilities),
        customCalls: customCalls(),
      }),
  };
}

/** The request as the dialect can say it, or something close to it. */
function fitted(decoded: ChatRequest, dialect: string, abilities: ChatAbilities): Narrowed {
  const narrowed = narrow(decoded, dialect, crossedAbilities(abilities));
  if (!goesAround(abilities) || !narrowed.adapted.includes('custom-tools')) return narrowed;
  return { ...narrowed, request: withoutCustomTools(narrowed.request) };
}

/** Tokens are counted of the request as the target would get it. */
function crossCount(operation: Operation, { to, abilities, own, theirs }: Sides<NonNullable<DialectCodecs['countTokens']>>): Crossing {
  const decoded = withToolNames(own.decodeRequest(operation));
  const { request, lost, adapted } = fitted(decoded, to.name, abilities);
  return {
    ...wholeCrossing(own, theirs, request),
    report: { lost, adapted, unread: decoded.unread },
  };
}

function crossWhole<Request extends { readonly unread: readonly string[] }, Reply extends ReplyFacts>(
  operation: Operation,
  own: WholeCodec<Request, Reply>,
  theirs: WholeCodec<Request, Reply>,
): Crossing {
  const request = own.decodeRequest(operation);
  return { ...wholeCrossing(own, theirs, request), report: { lost: [], adapted: [], unread: request.unread } };
}

function wholeCrossing<Request, Reply extends ReplyFacts>(
  own: WholeCodec<Request, Reply>,
  theirs: WholeCodec<Request, Reply>,
  request: Request,
): Omit<Crossing, 'report'> {
  return {
    encodeRequest: (target) => theirs.encodeRequest(request, target),
    readReply(bytes) {
      const reply = theirs.decodeReply(bytes);
      return {
        ...(reply.usage === undefined ? {} : { usage: reply.usage }),
        ...(reply.model === undefined ? {} : { model: reply.model }),
        lost: NOTHING,
        encode: (facts) => own.encodeReply(reply, facts, request),
      };
    },
    createMeter() {
      throw new Error('this operation has no streams');
    },
  };
}

const NOTHING: ReadonlySet<ChatFeature> = new Set();

/** Some dialects know a tool's result by the call's id, others by the tool's name: each result is given the name of its call. */
function withToolNames(request: ChatRequest): ChatRequest {
  const names = new Map<string, string>();
  const named = (part: ChatPart): ChatPart => {
    if (part.kind === 'tool-call') names.set(part.id, part.name);
    if (part.kind !== 'tool-result' || part.name !== undefined) return part;
    const name = names.get(part.callId);
    return name === undefined ? part : { ...part, name };
  };
  const messages = request.messages.map(
    (message): ChatMessage =>
      message.role === 'assistant' || message.role === 'tool' ? { ...message, parts: message.parts.map(named) } : message,
  );
  return { ...request, messages };
}

interface CrossingMeterParts {
  readonly decoder: ChatStreamDecoder;
  readonly encoder: ChatStreamEncoder;
  readonly narrowing: ReplyNarrowing;
  readonly customCalls: CustomToolCalls | undefined;
}

/** Reads a target's stream and gives the caller's: to the pump it is a meter like any other. */
class CrossingMeter implements StreamMeter {
  started = false;
  ended = false;
  failure: GatewayError | undefined;
  usage: Usage | undefined;
  model: string | undefined;
  readonly ping?: Uint8Array;
  encodeError?: (error: GatewayError, correlationId: string) => Uint8Array;
  readonly #decoder: ChatStreamDecoder;
  readonly #encoder: ChatStreamEncoder;
  readonly #narrowing: ReplyNarrowing;
  readonly #customCalls: CustomToolCalls | undefined;
  readonly #sequence = new PartSequence();

  constructor({ decoder, encoder, narrowing, customCalls }: CrossingMeterParts) {
    this.#decoder = decoder;
    this.#encoder = encoder;
    this.#narrowing = narrowing;
    this.#customCalls = customCalls;
    if (encoder.ping !== undefined) this.ping = encoder.ping;
    if (encoder.encodeError !== undefined) this.encodeError = (error, correlationId) => must(encoder.encodeError?.(error, correlationId));
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    return this.#take(this.#decoder.push(chunk));
  }

  finish(): { whole: boolean; rest: Uint8Array | undefined } {
    const rest = this.ended || this.failure !== undefined ? undefined : this.#take(this.#decoder.finish());
    return { whole: this.ended, rest };
  }

  #take(events: readonly ChatEvent[]): Uint8Array | undefined {
    const told: ChatEvent[] = [];
    try {
      for (const event of events) this.#note(event, told);
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      this.failure = cause;
    }
    return told.length === 0 ? undefined : this.#encoder.encode(told);
  }

  #note(event: ChatEvent, told: ChatEvent[]): void {
    if (this.failure !== undefined || this.ended) return;
    switch (event.kind) {
      case 'failure':
        this.failure = event.error;
        return;
      case 'start':
        this.model = event.model ?? this.model;
        this.usage = event.usage ?? this.usage;
        break;
      case 'usage':
        this.usage = event.usage;
        break;
      case 'part':
        // Whoever opens a thought is at work, though it may show nothing of it for minutes.
        if (event.opening.kind !== 'text') this.started = true;
        break;
      case 'text':
      case 'arguments':
      case 'finish':
        this.started = true;
        break;
      case 'end':
        this.ended = true;
        break;
      default:
        break;
    }
    if (this.#customCalls === undefined) this.#tell(event, told);
    else this.#customCalls.event(event, (each) => this.#tell(each, told));
  }

  #tell(event: ChatEvent, told: ChatEvent[]): void {
    const narrowed = this.#narrowing.event(event);
    if (narrowed !== undefined) this.#sequence.push(narrowed, told);
  }
}

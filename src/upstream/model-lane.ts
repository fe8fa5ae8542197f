/*
 * How one target is asked, and its answer told. There are two ways: in the caller's own dialect the bytes pass; in another they are put into our words and
 * from there into the other's (dialects/dialect-crossing.ts).
 */

import { GatewayError } from '../base/errors.ts';
import type { Asked, Dialect, ReplyFacts, StreamMeter } from '../dialects/dialect.ts';
import type { EncodeFacts } from '../dialects/dialect-codec.ts';
import { type Crossing, type CrossingReport, cross } from '../dialects/dialect-crossing.ts';
import { mayHoldEnvelope } from '../dialects/dialect-signature.ts';
import type { ChatFeature } from '../operations/chat-features.ts';
import type { Operation } from '../operations/operation.ts';
import type { Target } from '../routing/target.ts';

export interface Lane {
  /** The dialect that its targets are spoken to in. */
  readonly dialect: Dialect;
  /** What its targets are asked, in their dialect. */
  readonly asked: Asked;
  /** Absent where the bytes pass. */
  readonly report?: CrossingReport;
  body(target: Target): Uint8Array;
  createMeter(target: Target): StreamMeter;
  /** Reads a whole reply; throws a GatewayError where it is none. */
  read(bytes: Uint8Array): LaneReply;
}

export interface LaneReply extends ReplyFacts {
  /** The body for the caller, and its content type; undefined where it is what the target sent. */
  readonly told?: { readonly contentType: string; encode(target: Target): string };
  /** What the caller's dialect could not tell of it, once it is encoded. */
  readonly lost?: ReadonlySet<ChatFeature>;
}

export interface LaneDeps {
  readonly dialects: ReadonlyMap<string, Dialect>;
  /** Letters and digits that nothing else was named with. */
  readonly createId: () => string;
  /** Wall milliseconds. */
  readonly now: () => number;
  /** The most tokens that a target's model can answer with; undefined where that is not known. */
  readonly outputTokensMax: (target: Target) => number | undefined;
}

/** The lanes of one operation, each made when a target first needs it. */
export class Lanes {
  readonly #operation: Operation;
  readonly #deps: LaneDeps;
  readonly #made = new Map<string, Lane>();
  readonly #sinceMs: number;
  #holdsEnvelope: boolean | undefined;

  constructor(operation: Operation, deps: LaneDeps) {
    this.#operation = operation;
    this.#deps = deps;
    this.#sinceMs = deps.now();
  }

  /** Throws `request_invalid` or `field_invalid` when the body must be read for it, and is not what it should be. */
  of(target: Target): Lane {
    const lacks = target.quirks?.lacks ?? [];
    // Most targets of a dialect are asked in the same words.
    const key = lacks.length === 0 ? target.dialect : target.id;
    let lane = this.#made.get(key);
    if (lane === undefined) this.#made.set(key, (lane = this.#make(target.dialect, lacks)));
    return lane;
  }

  #make(name: string, lacks: readonly ChatFeature[]): Lane {
    const operation = this.#operation;
    const from = dialectOf(operation.dialect, this.#deps);
    if (name === from.name && !this.#mustReseal(from)) return passing(operation, from);
    const to = dialectOf(name, this.#deps);
    return crossing(operation, cross(operation, { from, to, lacks }), { ...this.#deps, to, sinceMs: this.#sinceMs });
  }

  /** A thought of another vendor's model, sealed for its way through the caller: this dialect's vendor would refuse it. */
  #mustReseal({ codecs }: Dialect): boolean {
    if (codecs.chat === undefined || codecs.chat.abilities['reasoning-signatures'] === 'no' || this.#operation.kind !== 'chat')
      return false;
    this.#holdsEnvelope ??= mayHoldEnvelope(this.#operation.bytes);
    return this.#holdsEnvelope;
  }
}

function dialectOf(name: string, { dialects }: LaneDeps): Dialect {
  const dialect = dialects.get(name);
  if (dialect === undefined) throw new Error(`there is no dialect '${name}'`);
  return dialect;
}

function passing(operation: Operation, dialect: Dialect): Lane {
  return {
    dialect,
    asked: operation,
    body: (target) => operation.encode(target.model, { streamUsage: target.streamUsage }),
    createMeter: () => dialect.createMeter(operation),
    read: (bytes) => dialect.inspectReply(operation, bytes),
  };
}

function crossing(operation: Operation, made: Crossing, deps: LaneDeps & { readonly to: Dialect; readonly sinceMs: number }): Lane {
  const { kind, stream } = operation;
  const facts = ({ model }: Target): EncodeFacts => ({
    id: deps.createId(),
    model,
    nowMs: deps.now(),
    elapsedMs: () => Math.max(0, deps.now() - deps.sinceMs),
    usageWanted: operation.usageWanted,
    ...(operation.form === undefined ? {} : { form: operation.form }),
  });
  return {
    dialect: deps.to,
    asked: { kind, stream },
    report: made.report,
    body: (target) => {
      const { model, streamUsage, quirks } = target;
      const outputTokensMax = deps.outputTokensMax(target);
      return made.encodeRequest({
        model,
        stream,
        streamUsage,
        ...quirks,
        ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
      });
    },
    createMeter: (target) => made.createMeter(facts(target)),
    read: (bytes) => {
      const reply = made.readReply(bytes);
      return { ...reply, told: { contentType: 'application/json', encode: (target) => reply.encode(facts(target)) } };
    },
  };
}

/** What the report says under the rules of the configuration; `feature_unsupported` where they refuse it. */
export function refusal({ lost, unread }: CrossingReport, refused: (name: string) => boolean): GatewayError | undefined {
  const names = [...lost, ...unread.map((field) => `field:${field}`)].filter((name) => refused(name));
  if (names.length === 0) return undefined;
  return new GatewayError(
    'feature_unsupported',
    `The model can't be told: ${names.join(', ')}. GET /capabilities says what survives on the way to it.`,
    {
      detail: { unsupported: names },
    },
  );
}

import type { ChatFeature } from '../operations/chat-features.ts';
import type { OperationKind } from '../operations/operation.ts';

/** Provider + model + credential + dialect: one way to get an answer. Made once per configuration. */
export interface Target {
  /** `provider/model`: a label, and the breaker's name. The targets of one model that differ in their dialect alone share it. */
  readonly id: string;
  /** The provider's name, as a label. */
  readonly provider: string;
  /** The model as the provider names it. */
  readonly model: string;
  /** The dialect it is spoken to in. */
  readonly dialect: string;
  /** Where that dialect's paths begin, given the base URL of an endpoint (no trailing slash). */
  readonly baseOf: (baseUrl: string) => string;
  readonly operations: readonly OperationKind[];
  /** Share of the traffic within its tier, > 0. */
  readonly weight: number;
  /** 0 is tried first; higher numbers are fallback tiers. */
  readonly priority: number;
  /** The endpoint group (upstream/endpoint-group.ts) that serves it. */
  readonly group: string;
  /** Headers that carry the credential and the provider's quirks, ready to send; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Accepts `stream_options.include_usage`, or its like. */
  readonly streamUsage: boolean;
  /** What it can't be told although its dialect could say it, and other names that it has for fields: for translated requests. */
  readonly quirks?: Quirks;
}

export interface Quirks {
  readonly lacks: readonly ChatFeature[];
  readonly fieldNames: Readonly<Record<string, string>>;
  readonly callIdChars?: number;
}

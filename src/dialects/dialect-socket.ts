/* WebSockets whose messages pass between a caller and a target of the same dialect as they are. */

import type { GatewayError } from '../base/errors.ts';
import type { Usage } from '../operations/usage.ts';

export interface DialectSockets {
  /** Of the subprotocols that a caller offers, those that a target is offered. The rest is between the caller and us: keys, accounts. */
  offered(protocols: readonly string[]): readonly string[];
  createMeter(): SocketMeter;
  /** A message that tells a caller that its socket comes to an end. */
  encodeError(error: GatewayError, correlationId: string): string;
}

/** Watches what a target says. */
export interface SocketMeter {
  received(message: string | Uint8Array): void;
  /** An answer is under way. */
  readonly busy: boolean;
  /** Of all answers so far. */
  readonly usage: Usage | undefined;
}

/*
 * Watches a stream of Bedrock's events, and lets it through byte for byte.
 *
 *   messageStart ─▶ ( contentBlockStart? ─▶ contentBlockDelta* ─▶ contentBlockStop )* ─▶ messageStop ─▶ metadata
 *
 * Every frame's checksums are verified, and that its payload is JSON; only `metadata` is parsed. Events that do not exist yet pass. What does not go through
 * is an exception, which is told in our words. An answer that has stopped is whole, though its `metadata` be missing.
 */

import type { GatewayError } from '../../base/errors.ts';
import { createFrameScanner, type FrameSpan, frameHeaders } from '../../base/event-frames.ts';
import { JsonScanError, scanJson } from '../../base/json-scan.ts';
import type { Usage } from '../../operations/usage.ts';
import type { StreamMeter } from '../dialect.ts';
import { isRecord } from '../dialect-errors.ts';
import { Passage } from '../dialect-passage.ts';
import { interrupted, toldException } from './errors.ts';
import { FRAME_BYTES_MAX } from './frames.ts';
import { readUsage } from './usage.ts';

const decoder = new TextDecoder();

export class BedrockStreamMeter implements StreamMeter {
  started = false;
  ended = false;
  failure: GatewayError | undefined;
  usage: Usage | undefined;
  readonly model: undefined;

  readonly #scanner = createFrameScanner({ frameBytesMax: FRAME_BYTES_MAX });
  readonly #passage = new Passage();
  readonly #onFrame = (bytes: Uint8Array, span: Readonly<FrameSpan>): void => this.#frame(bytes, span);
  #stopped = false;

  push(chunk: Uint8Array): Uint8Array | undefined {
    try {
      this.#scanner.push(chunk, this.#onFrame);
    } catch (cause) {
      // What was whole before it goes on to the caller, and then the failure is told.
      this.failure ??= interrupted('the upstream sent a malformed frame', cause);
    }
    return this.#passage.take(chunk);
  }

  finish(): { whole: boolean; rest: Uint8Array | undefined } {
    const isCut = this.#scanner.pendingBytes > 0;
    return { whole: this.ended || (this.failure === undefined && this.#stopped && !isCut), rest: undefined };
  }

  #frame(bytes: Uint8Array, span: Readonly<FrameSpan>): void {
    if (this.failure !== undefined) return;
    const headers = frameHeaders(bytes, span);
    const payload = bytes.subarray(span.payloadStart, span.payloadEnd);
    if (headers.get(':message-type') !== 'event') {
      this.failure = toldException(headers, payload);
      return;
    }
    this.failure = checkJson(payload);
    if (this.failure !== undefined) return;
    this.#read(headers.get(':event-type'), payload);
    this.#passage.pass(bytes, span.start, span.end);
  }

  #read(type: string | undefined, payload: Uint8Array): void {
    switch (type) {
      // A thought that is not shown is a block without a delta for as long as it takes: whoever opens one is at work.
      case 'contentBlockStart':
      case 'contentBlockDelta':
        this.started = true;
        return;
      case 'messageStop':
        this.started = true;
        this.#stopped = true;
        return;
      case 'metadata': {
        const event: unknown = JSON.parse(decoder.decode(payload));
        this.usage = (isRecord(event) ? readUsage(event['usage']) : undefined) ?? this.usage;
        this.ended = this.#stopped;
        break;
      }
      default:
    }
  }
}

// As for requests, less what only a caller could mean ill.
const EVENT_LIMITS = { depthMax: 64, nodesMax: 1_000_000, keyBytesMax: 65_536, membersMax: 1_024 };

function checkJson(payload: Uint8Array): GatewayError | undefined {
  try {
    scanJson(payload, EVENT_LIMITS);
    return undefined;
  } catch (cause) {
    if (cause instanceof JsonScanError) return interrupted('the upstream sent a malformed event', cause);
    throw cause;
  }
}

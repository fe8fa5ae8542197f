/*
 * InvokeModel of Amazon Bedrock with Anthropic's body, as Claude Code and Anthropic's own client for Bedrock send it. Whole answers are Anthropic's, byte for
 * byte; a stream's events are put into AWS's frames one by one.
 */

import { encodeFrame, encodeHeaders } from '../../base/event-frames.ts';
import { createSseScanner, parseEvent, type SseSpan } from '../../base/sse.ts';
import type { FormStream } from '../../operations/answer-form.ts';
import type { CallerDialect, Dialect } from '../dialect.ts';
import { decodeCloudBody } from '../dialect-claude-cloud-body.ts';
import { checkModel } from '../dialect-request.ts';
import { encodeError, toldStreamError } from './errors.ts';
import { FRAMES } from './frames.ts';

/** The form of the route that streams. */
export const INVOKE_STREAM_FORM = 'invoke-with-response-stream';

/** `asked` speaks Anthropic's messages. */
export function createBedrockInvoke(asked: Dialect): CallerDialect {
  return {
    name: 'bedrock-invoke',
    encodeError,
    errorSchema: async () => (await import('./error-schema.ts')).bedrockError,
    decode(kind, bytes, hints) {
      const model = checkModel(hints.params?.['model'] ?? '', 'modelId');
      const operation = decodeCloudBody(asked, { kind, bytes, hints, model, stream: hints.form === INVOKE_STREAM_FORM });
      return {
        ...operation,
        answerForm: {
          user: undefined,
          whole: (answer) => answer,
          stream: () => new InvokeStream(),
          refusal: (status, headers, answer) => asked.classifyError(status, headers, answer),
        },
      };
    },
  };
}

/** As long as the events that a meter lets through. */
const EVENT_BYTES_MAX = 16 * 1_048_576;
const CHUNK = encodeHeaders({ ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' });

class InvokeStream implements FormStream {
  readonly contentType = FRAMES.header;
  readonly #scanner = createSseScanner({ eventBytesMax: EVENT_BYTES_MAX });
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);
  #frames: Uint8Array[] = [];

  push(chunk: Uint8Array): Uint8Array | undefined {
    this.#scanner.push(chunk, this.#onEvent);
    const frames = this.#frames;
    if (frames.length === 0) return undefined;
    this.#frames = [];
    return frames.length === 1 ? frames[0] : Buffer.concat(frames);
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    if (span.dataStart === -1) return;
    const { name, data = '' } = parseEvent(bytes.subarray(span.start, span.end));
    // The vendor sends none through here, and its client would hand it to the application.
    if (name === 'ping') return;
    if (name === 'error') this.#frames.push(toldStreamError(data));
    else this.#frames.push(encodeFrame(CHUNK, Buffer.from(`{"bytes":"${Buffer.from(data).toString('base64')}"}`)));
  }
}

import { createCarry } from './carry.ts';
import { GatewayError } from './errors.ts';

/*
 * Finds the lines of a stream of newline-delimited JSON (github.com/ndjson/ndjson-spec) without decoding or copying it.
 *
 * Lines end in LF; a CR before it is white space to JSON. Laid end to end the lines are the stream itself, byte for byte. A line that lies
 * within one chunk is shown in place; one that is cut is collected in a bounded buffer and shown as a copy of its own, so the bytes may be
 * kept in both cases.
 */

/** Where one line is. The object is reused: read it within `onLine`. Offsets are into the bytes beside it. */
export interface LineSpan {
  start: number;
  /** After the line feed. */
  end: number;
  /** False only for what `end` shows: a last line without its line feed. */
  terminated: boolean;
}

export type OnLine = (bytes: Uint8Array, span: Readonly<LineSpan>) => void;

export interface LineScanner {
  /** Shows every line that this chunk completes, in order. Throws `upstream_reply_invalid` when one is over `lineBytesMax`. */
  push(chunk: Uint8Array, onLine: OnLine): void;
  /** Shows what is left after the last line feed, if anything. */
  end(onLine: OnLine): void;
}

export interface LineScannerConfig {
  /** Longest line, in bytes; it also bounds the buffer. */
  readonly lineBytesMax: number;
}

const LF = 10;

export function createLineScanner({ lineBytesMax }: LineScannerConfig): LineScanner {
  const tooLong = (): GatewayError =>
    new GatewayError('upstream_reply_invalid', `the upstream sent a line of a stream of more than ${lineBytesMax} bytes`);
  const carry = createCarry(lineBytesMax, tooLong);
  const span: LineSpan = { start: 0, end: 0, terminated: true };
  /** Shows what was carried as a line of its own. */
  const showCarried = (terminated: boolean, onLine: OnLine): void => {
    const line = carry.take(0);
    span.start = 0;
    span.end = line.length;
    span.terminated = terminated;
    onLine(line, span);
    span.terminated = true;
  };

  return {
    push(chunk, onLine) {
      let start = 0;
      if (carry.length > 0) {
        start = chunk.indexOf(LF) + 1;
        carry.add(start === 0 ? chunk : chunk.subarray(0, start));
        if (start === 0) return;
        showCarried(true, onLine);
      }
      while (start < chunk.length) {
        const end = chunk.indexOf(LF, start) + 1;
        if (end === 0) {
          carry.add(start === 0 ? chunk : chunk.subarray(start));
          return;
        }
        if (end - start > lineBytesMax) throw tooLong();
        span.start = start;
        span.end = end;
        onLine(chunk, span);
        start = end;
      }
    },
    end(onLine) {
      if (carry.length > 0) showCarried(false, onLine);
    },
  };
}

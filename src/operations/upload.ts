/*
 * A request body that is handed on as it is, and is too large to be kept in memory alone: a form with files in it.
 */

/** A body that has come in whole. It can be sent any number of times, until its exchange ends. */
export interface StoredBody {
  readonly length: number;
  /** The bytes from `start` to before `end`, each call anew. */
  stream(start: number, end: number): ReadableStream<Uint8Array>;
  /** All of it, where it is in memory. */
  readonly bytes: Uint8Array | undefined;
}

/** What is sent to one target. */
export interface UploadBody {
  readonly length: number;
  /** The body, for one attempt: a stream can be read once. */
  open(): Uint8Array | ReadableStream<Uint8Array>;
}

export interface Upload {
  /** As the caller said it: with the boundary. */
  readonly contentType: string;
  /** The body for a target that names the model so: the caller's own bytes, but for the name. */
  body(model: string): UploadBody;
}

/** The body with the bytes from `start` to before `end` replaced. */
export function splicedBody(body: StoredBody, { start, end }: { start: number; end: number }, text: string): UploadBody {
  const middle = new TextEncoder().encode(text);
  const length = body.length - (end - start) + middle.length;
  return {
    length,
    open: () => {
      const { bytes } = body;
      if (bytes === undefined)
        return joinedStream([() => body.stream(0, start), () => streamOf(middle), () => body.stream(end, body.length)]);
      const spliced = new Uint8Array(length);
      spliced.set(bytes.subarray(0, start));
      spliced.set(middle, start);
      spliced.set(bytes.subarray(end), start + middle.length);
      return spliced;
    },
  };
}

/** The body as it came. */
export function plainBody(body: StoredBody): UploadBody {
  return { length: body.length, open: () => body.bytes ?? body.stream(0, body.length) };
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** The part of a stream's reader that is needed; the runtime and its types disagree about the rest. */
interface PartReader {
  read(): Promise<{ readonly value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

/** One after the other; the next is read when the one before it was. */
function joinedStream(parts: readonly (() => ReadableStream<Uint8Array>)[]): ReadableStream<Uint8Array> {
  let at = 0;
  let reader: PartReader | undefined;
  return new ReadableStream(
    {
      async pull(controller) {
        for (;;) {
          reader ??= parts[at]?.().getReader();
          if (reader === undefined) return controller.close();
          const result = await reader.read();
          if (result.value !== undefined) return controller.enqueue(result.value);
          at += 1;
          reader = undefined;
        }
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

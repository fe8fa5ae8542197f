/* A stand-in for every vendor at once: it keeps what it was asked, and answers chats with the recorded stream of whoever it is. */

export interface SeenRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

export interface RecordedAnswer {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export interface Recorder extends AsyncDisposable {
  readonly url: string;
  /** The requests since they were last taken. */
  take(): SeenRequest[];
}

/** `answer` gets the path, and undefined is an honest 400. */
export function startRecorder(answer: (path: string) => RecordedAnswer | undefined): Recorder {
  const seen: SeenRequest[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      seen.push({ method: request.method, path: pathname + search, headers: request.headers, body: await request.text() });
      const found = answer(pathname);
      if (found === undefined)
        return Response.json({ error: { message: 'asked and seen', type: 'invalid_request_error' } }, { status: 400 });
      return new Response(found.bytes, { headers: { 'content-type': found.contentType } });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    take: () => seen.splice(0),
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

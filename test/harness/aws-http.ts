import { Readable } from 'node:stream';

/** As AWS's clients hand a request over. */
interface AwsRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly query?: Record<string, string | string[] | null>;
  readonly body?: unknown;
}

/**
 * A `requestHandler` for AWS's clients over HTTP/1.1. Bedrock's own speaks HTTP/2, which neither the simulator nor a gateway without TLS does;
 * AWS says to put another in its place then.
 */
export function awsHttp() {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request: AwsRequest, options: { readonly abortSignal?: unknown } = {}) {
      const { protocol, hostname, port, path, method, headers, body } = request;
      const query = Object.entries(request.query ?? {}).map(
        ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value ?? ''))}`,
      );
      const url = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}${query.length === 0 ? '' : `?${query.join('&')}`}`;
      const { abortSignal: signal } = options;
      const reply = await fetch(url, {
        method,
        headers,
        ...(body === undefined ? {} : { body: body as string | Uint8Array<ArrayBuffer> }),
        ...(signal instanceof AbortSignal ? { signal } : {}),
      });
      const stream = reply.body === null ? Readable.from([]) : Readable.fromWeb(reply.body as never);
      return { response: { statusCode: reply.status, headers: Object.fromEntries(reply.headers), body: stream } };
    },
    destroy() {},
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  };
}

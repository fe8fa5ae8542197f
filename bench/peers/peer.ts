/*
 * A peer is anything that can stand between the load generator and the upstream: nginx, bare Bun, Portkey, the gateway.
 * Each is one file that knows how to start it and what a client must send it; all else is shared.
 */
import {
  anthropicStreamRequest,
  CHAT_REQUEST,
  INFER_REQUEST,
  MODEL,
  SERVICE_PATH,
  SERVICE_REQUEST,
  type StreamShape,
  streamRequest,
} from '../load/fixtures.ts';
import { type Child, type ChildOptions, ready, startChild } from '../measure/children.ts';

/** The key that the gateway's bench configs know. Of the usual length, as keys are hashed. */
export const BENCH_KEY = 'gh-bench-0123456789abcdef0123456789abcdef';

export interface PeerSetup {
  readonly upstreamPort: number;
  readonly silentPort: number;
  /** A folder that is thrown away after the bench. */
  readonly scratch: string;
  /** Which of the gateway's configs to run: bench/<name>.yaml. Others have one. */
  readonly config: 'gateway' | 'gateway-baseline' | 'gateway-cached' | 'gateway-health';
  /** Streams are what it will carry: nginx must not buffer them, and buffers whole replies as it does by default. */
  readonly streams: boolean;
}

export interface Peer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** What a client of this peer must send besides the body, such as a key. */
  readonly headers: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface PeerDefinition {
  readonly name: string;
  /** What it includes, for the report. */
  readonly about: string;
  /** Undefined when it is not installed on this machine. */
  version(): Promise<string | undefined>;
  /** The commands that a person may start it with, for the start scenario; the first one is judged. */
  readonly waysToStart?: readonly { readonly name: string; options(setup: PeerSetup, port: number): ChildOptions }[];
  /** Resolves when it answers. Throws with the command when it does not. */
  start(setup: PeerSetup): Promise<Peer>;
}

export interface PeerProcess {
  readonly name: string;
  readonly port: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly readyPath: string;
}

/** Starts a peer's process and waits until it answers. */
export async function startPeer(peer: PeerProcess, options: ChildOptions): Promise<Peer> {
  const child: Child = startChild(options);
  try {
    await ready(child, peer.port, peer.readyPath);
  } catch (error) {
    await child.stop();
    throw new Error(`${peer.name} did not start: ${String(error)}\n  ${options.command.join(' ')}\n${await printed(options)}`, {
      cause: error,
    });
  }
  return { name: peer.name, port: peer.port, pid: child.pid, headers: peer.headers ?? {}, stop: () => child.stop() };
}

export function chatRequest(peer: Peer): string {
  return requestText(peer, { path: '/v1/chat/completions', body: CHAT_REQUEST });
}

export function chatStreamRequest(peer: Peer, shape: StreamShape): string {
  return requestText(peer, { path: '/v1/chat/completions', body: streamRequest(shape) });
}

/** A stream of Anthropic's API. */
export function messagesStreamRequest(peer: Peer, shape: StreamShape): string {
  return requestText(peer, { path: '/v1/messages', body: anthropicStreamRequest(shape) });
}

/** A chat stream of the gateway's model that speaks Anthropic's API. */
export function crossedStreamRequest(peer: Peer, shape: StreamShape): string {
  return requestText(peer, { path: '/v1/chat/completions', body: streamRequest(shape).replace(MODEL, 'bench-messages') });
}

export function serviceRequest(peer: Peer): string {
  return requestText(peer, { path: SERVICE_PATH, body: SERVICE_REQUEST });
}

/** As the inference lab's load test sends it: without a key. */
export function inferRequest({ port }: Peer): string {
  const body = INFER_REQUEST;
  return `POST /infer/python HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: k6/1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** A GET that a cache may answer; `{key}` stands for what is asked for. */
export function itemRequest({ port }: Peer): string {
  return `GET /items/{key} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: k6/1\r\nAccept: application/json\r\n\r\n`;
}

/** A whole HTTP/1.1 request, as the official clients send it: a key, a content type, an agent. */
function requestText(peer: Peer, request: { path: string; body: string }): string {
  const headers = {
    Host: `127.0.0.1:${peer.port}`,
    Accept: 'application/json',
    'User-Agent': 'gatehouse-bench/1',
    Authorization: `Bearer ${BENCH_KEY}`,
    ...peer.headers,
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(request.body)),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `POST ${request.path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${request.body}`;
}

async function printed(options: ChildOptions): Promise<string> {
  const path = options.errorsPath ?? options.outputPath;
  if (path === undefined) return '';
  return (await Bun.file(path).text()).split('\n').slice(-15).join('\n');
}

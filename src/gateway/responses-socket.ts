/*
 * The Responses API over a WebSocket: each `response.create` is a POST of its own, through all policies, and its events come back as messages.
 *
 *   {"type":"response.create", …the body of a POST…}  ─▶  the same JSON as in the `data` of the stream's events
 *   anything that is refused                          ─▶  {"type":"error","status":…,"error":{…}}
 *
 * One response at a time; a few requests may wait. The last answer is remembered with all that led to it, so that the next request need only say what is new
 * (`previous_response_id`), also where nothing is to be kept (`store: false`). `generate: false` is remembered, and no model is asked.
 * Source: developers.openai.com/api/docs/guides/websocket-mode, and codex-rs' `responses_websocket.rs`.
 */

import { GatewayError } from '../base/errors.ts';
import { createSseScanner, parseEvent, type SseSpan } from '../base/sse.ts';
import { isRecord } from '../dialects/dialect-errors.ts';
import { errorBody } from '../dialects/dialect-openai-errors.ts';
import { responseObject } from '../dialects/openai-responses/response-object.ts';
import { EVENT_BYTES_MAX } from '../dialects/openai-responses/stream.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Handler } from '../pipeline/policy.ts';
import { isStream } from '../pipeline/reply.ts';
import type { InnerReply, WebSocketPeer, WebSocketSession } from '../pipeline/web-socket.ts';
import { inputItems, joinItems, outputItems } from './responses-items.ts';

export interface ResponsesSocketConfig {
  readonly path: string;
  readonly messageBytesMax: number;
  /** Size of the conversation that one socket remembers, as JSON. */
  readonly conversationBytesMax: number;
}

export interface ResponsesSocketDeps {
  /** Letters and digits that nothing else was named with. */
  readonly createId: () => string;
  readonly now: () => number;
}

/** As long as the vendor's own may be open: a caller that holds one for ever would never see a new configuration of a load balancer. */
const LIFETIME_MS = 3_600_000;
/** Requests that wait for the one under way. */
const WAITING_MAX = 8;
const NORMAL = 1000;
const GOING_AWAY = 1001;

/** What belongs to the upgrade and not to the requests that come after it. */
const OF_THE_UPGRADE =
  /^(connection|upgrade|sec-websocket-.*|content-length|content-type|transfer-encoding|openai-beta|x-correlation-id|x-request-id|idempotency-key)$/;

export function createResponsesSocket(config: ResponsesSocketConfig, deps: ResponsesSocketDeps): Handler {
  return async (request, exchange) => {
    const headers = new Headers({ 'content-type': 'application/json' });
    for (const [name, value] of request.headers) if (!OF_THE_UPGRADE.test(name)) headers.set(name, value);
    return {
      status: 101,
      headers: {},
      body: null,
      upgrade: {
        messageBytesMax: config.messageBytesMax,
        open: (peer) => {
          // An idle socket takes nobody's place.
          exchange.end({ kind: 'complete', status: 101, bytesSent: 0 });
          return new Session({ config, deps, peer, headers, exchange });
        },
      },
    };
  };
}

interface SessionInput {
  readonly config: ResponsesSocketConfig;
  readonly deps: ResponsesSocketDeps;
  readonly peer: WebSocketPeer;
  readonly headers: Headers;
  /** Of the upgrade: it is over, but its clock goes on. */
  readonly exchange: Exchange;
}

type Frame = Readonly<Record<string, unknown>>;

/** The last answer and all that led to it; `isAlone`: nobody but this socket has it. */
interface Remembered {
  readonly id: string;
  readonly items: string;
  readonly isAlone: boolean;
}

class Session implements WebSocketSession {
  readonly #input: SessionInput;
  readonly #waiting: Frame[] = [];
  #running = false;
  #draining = false;
  #model: unknown;
  #last: Remembered | undefined;

  constructor(input: SessionInput) {
    this.#input = input;
  }

  message(data: string | Uint8Array): void {
    const frame = parseFrame(data);
    if (frame instanceof GatewayError) this.#refuse(frame, undefined);
    else if (this.#draining) this.#refuse(new GatewayError('draining', 'the gateway is shutting down', { retryAfterMs: 1_000 }), frame);
    else if (this.#waiting.length >= WAITING_MAX)
      this.#refuse(new GatewayError('request_invalid', `more than ${WAITING_MAX} requests wait for the one under way`), frame);
    else {
      this.#waiting.push(frame);
      if (!this.#running) void this.#run().catch(() => this.#input.peer.close(1011, 'an unexpected error occurred'));
    }
  }

  drain(): void {
    this.#draining = true;
    if (!this.#running) this.#input.peer.close(GOING_AWAY, 'the gateway is shutting down');
  }

  closed(): void {
    this.#waiting.length = 0;
    this.#last = undefined;
  }

  async #run(): Promise<void> {
    this.#running = true;
    const { peer } = this.#input;
    for (let frame = this.#waiting.shift(); frame !== undefined && !peer.signal.aborted; frame = this.#waiting.shift()) {
      if (this.#isOld()) {
        this.#refuse(
          new GatewayError('websocket_connection_limit_reached', 'The WebSocket has been open for 60 minutes: open another.'),
          frame,
        );
        peer.close(NORMAL, 'open for 60 minutes');
        break;
      }
      await this.#turn(frame);
    }
    this.#running = false;
    if (this.#draining) peer.close(GOING_AWAY, 'the gateway is shutting down');
  }

  #isOld(): boolean {
    const { clock, startedAtMs } = this.#input.exchange;
    return clock.monotonic() - startedAtMs > LIFETIME_MS;
  }

  async #turn(frame: Frame): Promise<void> {
    const { generate, type: _type, background: _background, stream_id: _stream, stream_options: _options, ...rest } = frame;
    // Some clients name the model in their first request alone.
    this.#model = rest['model'] ?? this.#model;
    const body: Record<string, unknown> = { ...rest, model: this.#model, stream: true };
    const items = this.#goOn(body);
    if (generate === false) await this.#prepare(body, { frame, items });
    else await this.#ask(body, { frame, items });
  }

  /** Puts what is remembered before what is new, where that is what the request goes on from; gives all items. */
  #goOn(body: Record<string, unknown>): string {
    const given = inputItems(body['input']);
    const last = this.#last;
    if (last === undefined || body['previous_response_id'] !== last.id) return given;
    const items = joinItems(last.items, given);
    if (!last.isAlone) return items;
    body['previous_response_id'] = null;
    body['input'] = JSON.parse(`[${items}]`);
    return items;
  }

  async #ask(body: Record<string, unknown>, turn: Turn): Promise<void> {
    const { peer, headers, config } = this.#input;
    const reply = await peer.ask({
      method: 'POST',
      path: config.path,
      headers: new Headers(headers),
      body: Buffer.from(JSON.stringify(body)),
    });
    if (reply.status !== 200) {
      this.#refused(reply, turn.frame);
      return;
    }
    const isCrossed = reply.headers['x-gatehouse-translated'] !== undefined;
    const relay = new Relay(turn.frame['stream_id'], (response) =>
      this.#remember(response, turn.items, body['store'] === false || isCrossed),
    );
    try {
      for await (const chunk of chunksOf(reply)) {
        for (const message of relay.push(chunk)) {
          if (!peer.send(message)) await peer.drained();
        }
      }
    } catch (cause) {
      if (peer.signal.aborted) return;
      const error =
        cause instanceof GatewayError ? cause : new GatewayError('upstream_stream_interrupted', 'the answer was cut', { cause });
      this.#refuse(error, turn.frame);
    }
  }

  #remember(response: Frame, items: string, isAlone: boolean): void {
    const { id, output } = response;
    if (typeof id !== 'string') return;
    const all = joinItems(items, outputItems(output, !isAlone));
    this.#last = all.length > this.#input.config.conversationBytesMax ? undefined : { id, items: all, isAlone };
  }

  /** Nothing is generated: what was sent is remembered under an id, from which the next request can go on. */
  async #prepare(body: Record<string, unknown>, { frame, items }: Turn): Promise<void> {
    const { deps, peer } = this.#input;
    const model = typeof body['model'] === 'string' ? body['model'] : '';
    if (model === '') {
      this.#refuse(new GatewayError('request_invalid', "'model' is required: a string", { param: 'model' }), frame);
      return;
    }
    const previous = body['previous_response_id'];
    if (typeof previous === 'string' && previous !== this.#last?.id) {
      this.#refuse(
        new GatewayError('previous_response_not_found', `Previous response with id '${previous.slice(0, 100)}' not found.`, {
          param: 'previous_response_id',
        }),
        frame,
      );
      return;
    }
    const base = deps.createId();
    const facts = { id: base, model, nowMs: deps.now(), usageWanted: true };
    const frame0 = { id: `resp_${base}`, model, createdAtMs: facts.nowMs };
    const begun = responseObject(frame0, facts, { kind: 'in-progress' });
    const done = responseObject(frame0, facts, { kind: 'ended', finish: 'stop', output: [], usage: NOTHING_USED });
    const stream = typeof frame['stream_id'] === 'string' ? { stream_id: frame['stream_id'] } : {};
    peer.send(JSON.stringify({ type: 'response.created', sequence_number: 0, response: begun, ...stream }));
    peer.send(JSON.stringify({ type: 'response.completed', sequence_number: 1, response: done, ...stream }));
    this.#remember(done, items, true);
    await peer.drained();
  }

  /** A refusal of the pipeline, in the words that it has chosen. */
  #refused({ status, headers, body }: InnerReply, frame: Frame): void {
    const text = body === null || isStream(body) ? '' : typeof body === 'string' ? body : Buffer.from(body).toString();
    let told: unknown;
    try {
      told = (JSON.parse(text) as { error?: unknown }).error;
    } catch {
      // A proxy's page: the status has to say it all.
    }
    const error = isRecord(told) ? told : { message: `the request was answered ${status}`, type: 'api_error', code: null, param: null };
    this.#sendError(status, error, { frame, retryAfter: headers['retry-after'] });
  }

  #refuse(error: GatewayError, frame: Frame | undefined): void {
    const { retryAfterMs } = error.options;
    const retryAfter = retryAfterMs === undefined ? undefined : String(Math.ceil(retryAfterMs / 1_000));
    this.#sendError(error.status, errorBody(error, this.#input.exchange.id), { frame, retryAfter });
  }

  #sendError(
    status: number,
    error: object,
    { frame, retryAfter }: { readonly frame: Frame | undefined; readonly retryAfter: string | undefined },
  ): void {
    const stream = typeof frame?.['stream_id'] === 'string' ? { stream_id: frame['stream_id'] } : {};
    const headers = retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } };
    this.#input.peer.send(JSON.stringify({ type: 'error', status, error: { ...error, ...headers }, ...headers, ...stream }));
  }
}

interface Turn {
  readonly frame: Frame;
  /** All that the model is told, as JSON. */
  readonly items: string;
}

const NOTHING_USED = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };

function parseFrame(data: string | Uint8Array): Frame | GatewayError {
  if (typeof data !== 'string') return new GatewayError('request_invalid', 'messages are JSON, as text');
  let frame: unknown;
  try {
    frame = JSON.parse(data);
  } catch (cause) {
    return new GatewayError('json_invalid', 'the message is no valid JSON', { cause });
  }
  if (!isRecord(frame)) return new GatewayError('request_invalid', 'the message must be a JSON object');
  if (frame['type'] === 'response.create') return frame;
  return new GatewayError('request_invalid', "the type of a message must be 'response.create'", { param: 'type' });
}

/** An answer that was kept comes in one piece. */
async function* chunksOf({ body }: InnerReply): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null) return;
  if (typeof body === 'string') yield Buffer.from(body);
  else if (body instanceof Uint8Array) yield body;
  else yield* body;
}

/** Takes the JSON out of the events of a stream. */
class Relay {
  readonly #scanner = createSseScanner({ eventBytesMax: EVENT_BYTES_MAX });
  readonly #streamId: string;
  readonly #ended: (response: Frame) => void;
  #messages: string[] = [];

  constructor(streamId: unknown, ended: (response: Frame) => void) {
    this.#streamId = typeof streamId === 'string' ? `{"stream_id":${JSON.stringify(streamId)},` : '';
    this.#ended = ended;
  }

  push(chunk: Uint8Array): readonly string[] {
    this.#messages = [];
    this.#scanner.push(chunk, this.#onEvent);
    return this.#messages;
  }

  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => {
    if (span.dataStart === -1 || bytes[span.dataStart] !== OBJECT_OPEN) return;
    const text =
      span.dataLines === 1
        ? decoder.decode(bytes.subarray(span.dataStart, span.dataEnd))
        : (parseEvent(bytes.subarray(span.start, span.end)).data ?? '');
    this.#messages.push(this.#streamId + (this.#streamId === '' ? this.#looked(text) : this.#looked(text).slice(1)));
  };

  /** The end is remembered; an error is given a status, without which some callers take it for an event among others. */
  #looked(text: string): string {
    if (!ENDS_OR_ERROR.test(text.slice(0, 200)) && !ENDS_OR_ERROR.test(text.slice(-200))) return text;
    const event = JSON.parse(text) as Frame;
    if (event['type'] === 'error') return JSON.stringify({ ...event, status: 502 });
    const { response } = event;
    if ((event['type'] === 'response.completed' || event['type'] === 'response.incomplete') && isRecord(response)) this.#ended(response);
    return text;
  }
}

const OBJECT_OPEN = 123;
const ENDS_OR_ERROR = /"type"\s*:\s*"(?:response\.(?:completed|incomplete)|error)"/;
const decoder = new TextDecoder();

/*
 * Responses over a WebSocket on `/v1/responses`. Every `response.create` is answered as if its body had been posted, and recorded so; the
 * events that would be streamed come as frames. Source: OpenAI's guide to WebSocket mode, and Codex's client.
 *
 *   - one response at a time: what comes meanwhile waits, up to a bound;
 *   - the connection remembers its last response even where it is not to be stored, and forgets it when a turn fails;
 *   - the model may be named in the first frame alone; `generate: false` only makes ready;
 *   - faults in a model's name act on its response. Those of header, query and rules act on it too, but for those that take the place of an
 *     answer (`status`, `silence`, `reset`, `delay-ms`): these meet the handshake.
 */
import { GatewayError } from '../../base/errors.ts';
import { insteadOfAnswer } from '../failures.ts';
import { isObject, type JsonObject, shownAs } from '../json-instance.ts';
import { RequestRefused, refuse } from '../openai-request.ts';
import type { Socket, SocketTalk } from '../sockets.ts';
import { faultsOf, type Visit } from '../visit.ts';
import type { Item } from './items.ts';
import { notAllowed, respond } from './responses.ts';
import type { Turn, TurnMemory } from './store.ts';

/** `GET /v1/responses`: turns into a WebSocket, or is refused. Rejects when the client leaves. */
export async function responsesSocket(visit: Visit): Promise<Response> {
  if (visit.request.headers.get('upgrade')?.toLowerCase() !== 'websocket') return notAllowed(visit);
  const failed = meetsHandshake(visit) ? await insteadOfAnswer(faultsOf(visit), visit) : undefined;
  if (failed !== undefined) return failed;
  const talk = new ResponsesTalk(visit);
  if (!visit.upgrade(talk)) return notAllowed(visit);
  visit.record.answer(101);
  // What is asked over it is recorded by itself.
  visit.record.end('complete');
  // The runtime answers for itself once a connection is upgraded: nobody reads this.
  return new Response(null);
}

/** Looked at and not taken: what is told for the responses is counted when they come. */
function meetsHandshake({ request, query, path, world }: Visit): boolean {
  const rules = world.rules.filter((rule) => path.startsWith(rule.path)).map(({ fault }) => fault);
  const told = [
    request.headers.get('x-simulate') ?? '',
    new URLSearchParams(query).get('simulate') ?? '',
    ...rules,
    ...Object.keys(world.options.behaviour),
  ];
  return /\b(?:status|silence|reset|delay-?ms)\b/i.test(told.join(','));
}

/** Frames that wait for their turn; a client sends the next when it has read the last. */
const FRAMES_MAX = 64;
/** The vendor ends connections after an hour. */
const CONNECTION_MS_MAX = 3_600_000;

const LIMIT_REACHED = {
  type: 'error',
  status: 400,
  error: {
    type: 'invalid_request_error',
    code: 'websocket_connection_limit_reached',
    message: 'Responses websocket connection limit reached (60 minutes). Create a new websocket connection to continue.',
    param: null,
  },
};

class ResponsesTalk implements SocketTalk {
  readonly #visit: Visit;
  readonly #gone = new AbortController();
  readonly #memory: ConnectionMemory;
  readonly #waiting: string[] = [];
  #socket: Socket | undefined;
  #isBusy = false;
  #model: unknown;
  #limit: Disposable | undefined;

  constructor(visit: Visit) {
    this.#visit = visit;
    this.#memory = new ConnectionMemory(visit);
  }

  opened(socket: Socket): void {
    this.#socket = socket;
    this.#limit = this.#visit.world.clock.after(CONNECTION_MS_MAX, () => {
      socket.send(JSON.stringify(LIMIT_REACHED)).then(
        () => socket.close(1000, 'limit reached'),
        () => socket.cut(),
      );
    });
  }

  heard(text: string): void {
    if (this.#waiting.length >= FRAMES_MAX) {
      this.#socket?.close(1008, 'too many frames at once');
      return;
    }
    this.#waiting.push(text);
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#work().then(
      () => {
        this.#isBusy = false;
      },
      // Told to cut the connection, or the client has left.
      () => this.#socket?.cut(),
    );
  }

  closed(): void {
    this.#limit?.[Symbol.dispose]();
    this.#waiting.length = 0;
    this.#gone.abort(new DOMException('The client left.', 'AbortError'));
  }

  async #work(): Promise<void> {
    for (let text = this.#waiting.shift(); text !== undefined; text = this.#waiting.shift()) {
      if ((await this.#answer(text)) === 'closed') return;
    }
  }

  /** Answers one frame. Rejects when the connection is to be cut. */
  async #answer(text: string): Promise<'answered' | 'closed'> {
    const socket = this.#socket;
    if (socket === undefined) return 'closed';
    const { url, headers } = this.#visit.request;
    const visit = this.#visit.visitOf(new Request(url, { method: 'POST', headers, signal: this.#gone.signal }));
    visit.record.readBody(text);
    let mark = '';
    try {
      const frame = readFrame(text);
      mark = typeof frame['stream_id'] === 'string' ? `{"stream_id":${JSON.stringify(frame['stream_id'])},` : '';
      if (frame['type'] === 'response.steer') return await this.#steer(frame, visit);
      this.#model = frame['model'] ?? this.#model;
      const body = frame['model'] === undefined && this.#model !== undefined ? { ...frame, model: this.#model } : frame;
      const known = (id: string) => this.#memory.item(id) ?? visit.world.responses.item(id);
      return await this.#forward(await respond(body, visit, { memory: this.#memory, known, isFrame: true }), mark);
    } catch (error) {
      const failure = failureOf(error);
      visit.record.answer(failure.status);
      visit.record.end('complete');
      this.#memory.forget();
      await socket.send(marked(JSON.stringify(failure), mark));
      return 'answered';
    }
  }

  /** Sends what would have been streamed. Rejects where the stream is cut. */
  async #forward(reply: Response, mark: string): Promise<'answered' | 'closed'> {
    const socket = this.#socket;
    if (socket === undefined) return 'closed';
    if (reply.status !== 200) {
      this.#memory.forget();
      await socket.send(marked(await failureFrame(reply), mark));
      return 'answered';
    }
    let last = '';
    for await (const data of dataOf(reply)) {
      last = data;
      await socket.send(marked(data, mark));
    }
    if (/"type":"response\.(?:completed|incomplete|failed)"/.test(last.slice(0, 200))) return 'answered';
    // Over HTTP the body would have ended here.
    socket.close(1000, 'end of stream');
    return 'closed';
  }

  async #steer(frame: JsonObject, visit: Visit): Promise<'answered'> {
    const { input, previous_response_id } = frame;
    const error = { type: 'invalid_request_error', code: 'steering_not_supported', message: 'This model does not support steering.' };
    visit.record.answer(400);
    visit.record.end('complete');
    await this.#socket?.send(
      JSON.stringify({ type: 'response.steer.failed', sequence_number: 0, steer: { input, previous_response_id }, error }),
    );
    return 'answered';
  }
}

/** The turns that this connection may go on with: the stored ones, and its own last. */
class ConnectionMemory implements TurnMemory {
  readonly #visit: Visit;
  #last: Turn | undefined;

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  find(id: string): Turn | undefined {
    return this.#last?.response.id === id ? this.#last : this.#visit.world.responses.find(id);
  }

  item(id: string): Item | undefined {
    return this.#last?.context.find((item) => item.id === id);
  }

  keep(turn: Turn): void {
    this.#last = turn;
    if (turn.response.store) this.#visit.world.responses.keep(turn);
  }

  forget(): void {
    this.#last = undefined;
  }
}

/** Throws RequestRefused. */
function readFrame(text: string): JsonObject {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch (error) {
    refuse(`We could not parse the JSON body of your request: ${String(error)}`);
  }
  if (!isObject(frame)) return refuse('The JSON body of your request must be an object.');
  const { type } = frame;
  if (type !== 'response.create' && type !== 'response.steer') {
    refuse(`Invalid value: '${shownAs(type)}'. Supported values are: 'response.create' and 'response.steer'.`, 'type', 'invalid_value');
  }
  return frame;
}

/** Rethrows what is no failure of the request. */
function failureOf(error: unknown) {
  if (error instanceof RequestRefused) {
    const { status, message, type = 'invalid_request_error', code = null, param = null } = error.failure;
    return { type: 'error', status, error: { type, code, message, param } };
  }
  if (!(error instanceof GatewayError)) throw error;
  return {
    type: 'error',
    status: error.status,
    error: { type: 'invalid_request_error', code: null, message: error.message, param: 'model' },
  };
}

/** A refusal that would have had a status and a body of its own. */
async function failureFrame(reply: Response): Promise<string> {
  const text = await reply.text();
  let error: unknown = { type: 'server_error', code: null, message: text.slice(0, 1_000), param: null };
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed) && isObject(parsed['error'])) error = parsed['error'];
  } catch (failure) {
    // A page or nothing, as the fault told: passed on as text.
    if (!(failure instanceof SyntaxError)) throw failure;
  }
  const headers = Object.fromEntries([...reply.headers].filter(([name]) => name.startsWith('retry-after')));
  return JSON.stringify({ type: 'error', status: reply.status, error, headers });
}

function marked(data: string, mark: string): string {
  return mark === '' || !data.startsWith('{') ? data : mark + data.slice(1);
}

/** The data of each event of a stream. Rejects where the stream breaks off. */
async function* dataOf(reply: Response): AsyncGenerator<string> {
  const body: AsyncIterable<Uint8Array> | null = reply.body;
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body ?? []) {
    pending += decoder.decode(chunk, { stream: true });
    const events = pending.split('\n\n');
    pending = events.pop() ?? '';
    for (const event of events) yield event.slice(event.indexOf('data: ') + 'data: '.length);
  }
}

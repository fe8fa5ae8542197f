/*
 * A server that behaves like the things a gateway stands in front of: an LLM server with the APIs of all vendors that the gateway knows, and the AI
 * services of services/catalog.ts, all of them or one. Tests, benches and the first run use it, as a process of its own. It is deterministic by seed, fails on demand
 * (faults.ts has the syntax), and remembers what it was asked (control.ts).
 *
 * Routes are the table below. A request goes: record → route → faults → answer → delivery.
 */
import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import { countTokens, messages, noSuchMessage } from './anthropic/messages.ts';
import { bedrock } from './bedrock/bedrock.ts';
import { cohereChat } from './cohere/chat.ts';
import { cohereEmbed } from './cohere/embed.ts';
import { cohereRerank, jinaRerank, sharedRerank, teiRerank, voyageRerank } from './cohere/rerank.ts';
import { jinaEmbed, teiEmbed, voyageEmbed } from './cohere/vendor-embed.ts';
import { CONTROL_PREFIX, control } from './control.ts';
import { failureReply } from './failures.ts';
import { FaultCounter } from './fault-counter.ts';
import { gemini } from './gemini/gemini.ts';
import { readJson } from './json-body.ts';
import type { JsonObject } from './json-instance.ts';
import { ollamaChat, ollamaGenerate } from './ollama.ts';
import { ollamaEmbed, ollamaEmbeddings } from './ollama-embeddings.ts';
import { ollamaPs, ollamaRoot, ollamaShow, ollamaTags, ollamaVersion } from './ollama-models.ts';
import { createBatch, listBatches, oneBatch } from './openai-batches.ts';
import { chatCompletions } from './openai-chat.ts';
import { completions } from './openai-completions.ts';
import { embeddings } from './openai-embeddings.ts';
import { createFile, listFiles, oneFile } from './openai-files.ts';
import { imageContent, imageEdits, imageGenerations, imageVariations } from './openai-images.ts';
import { model, models } from './openai-models.ts';
import { moderations } from './openai-moderations.ts';
import { RequestRefused } from './openai-request.ts';
import { speech } from './openai-speech.ts';
import { transcriptions, translations } from './openai-transcriptions.ts';
import { createUpload, oneUpload } from './openai-uploads.ts';
import type { SimulatorOptions } from './options.ts';
import { PrefixCache } from './prefix-cache.ts';
import { clientSecrets, realtime } from './realtime/realtime.ts';
import { Recorder, UNRECORDED } from './recorder.ts';
import { countInput, responses, storedResponse } from './responses/responses.ts';
import { responsesSocket } from './responses/socket-mode.ts';
import { ResponseStore } from './responses/store.ts';
import { anything, echo, health, infer, item, mirror } from './service.ts';
import { talk } from './services/assistant.ts';
import { pathsOf } from './services/catalog.ts';
import { SOCKET_HANDLERS, type SocketData, type SocketTalk } from './sockets.ts';
import { Stored } from './stored.ts';
import { Ticker } from './ticker.ts';
import type { ErrorShape, Visit, World } from './visit.ts';

export interface Simulator {
  readonly port: number;
  readonly url: string;
  /** Stops listening and cuts what is open. */
  stop(): Promise<void>;
}

type Answerer =
  | { readonly shape: ErrorShape; readonly json: (body: JsonObject, visit: Visit) => Promise<Response> }
  | { readonly shape: ErrorShape; readonly bare: (visit: Visit) => Promise<Response> };

/** What models answer. */
const MODELS: Readonly<Record<string, Answerer>> = {
  'POST /v1/chat/completions': { shape: 'openai', json: chatCompletions },
  'POST /v1/completions': { shape: 'openai', json: completions },
  'POST /v1/embeddings': { shape: 'openai', json: embeddings },
  'GET /v1/models': { shape: 'openai', bare: models },
  'POST /v1/responses': { shape: 'openai', json: responses },
  'POST /v1/responses/input_tokens': { shape: 'openai', json: countInput },
  'GET /v1/responses': { shape: 'openai', bare: responsesSocket },
  'POST /v1/messages': { shape: 'anthropic', json: messages },
  'POST /v1/messages/count_tokens': { shape: 'anthropic', json: countTokens },
  'POST /v1/images/generations': { shape: 'openai', json: imageGenerations },
  'POST /v1/images/edits': { shape: 'openai', bare: imageEdits },
  'POST /v1/images/variations': { shape: 'openai', bare: imageVariations },
  'POST /v1/audio/speech': { shape: 'openai', json: speech },
  'POST /v1/audio/transcriptions': { shape: 'openai', bare: transcriptions },
  'POST /v1/audio/translations': { shape: 'openai', bare: translations },
  'POST /v1/moderations': { shape: 'openai', json: moderations },
  'POST /v1/files': { shape: 'openai', bare: createFile },
  'GET /v1/files': { shape: 'openai', bare: listFiles },
  'POST /v1/uploads': { shape: 'openai', json: createUpload },
  'POST /v1/batches': { shape: 'openai', json: createBatch },
  'GET /v1/batches': { shape: 'openai', bare: listBatches },
  'GET /v1/realtime': { shape: 'openai', bare: realtime },
  'POST /v1/realtime/client_secrets': { shape: 'openai', json: clientSecrets },
  'POST /v2/chat': { shape: 'cohere', bare: cohereChat },
  'POST /v2/embed': { shape: 'cohere', bare: cohereEmbed },
  'POST /v2/rerank': { shape: 'cohere', bare: cohereRerank },
  'POST /v1/rerank': { shape: 'cohere', bare: sharedRerank },
  'POST /jina/v1/rerank': { shape: 'service', bare: jinaRerank },
  'POST /voyage/v1/rerank': { shape: 'service', bare: voyageRerank },
  'POST /rerank': { shape: 'tei', bare: teiRerank },
  'POST /jina/v1/embeddings': { shape: 'service', bare: jinaEmbed },
  'POST /voyage/v1/embeddings': { shape: 'service', bare: voyageEmbed },
  'POST /embed': { shape: 'tei', bare: teiEmbed },
  'POST /api/chat': { shape: 'ollama', json: chatOfEither },
  'POST /api/generate': { shape: 'ollama', json: ollamaGenerate },
  'POST /api/embed': { shape: 'ollama', json: ollamaEmbed },
  'POST /api/embeddings': { shape: 'ollama', json: ollamaEmbeddings },
  'POST /api/show': { shape: 'ollama', json: ollamaShow },
  'GET /api/tags': { shape: 'ollama', bare: ollamaTags },
  'GET /api/ps': { shape: 'ollama', bare: ollamaPs },
  'GET /api/version': { shape: 'ollama', bare: ollamaVersion },
  'GET /': { shape: 'ollama', bare: ollamaRoot },
  'HEAD /': { shape: 'ollama', bare: ollamaRoot },
};

/** What every simulator answers, whichever service it is. */
const ALWAYS: Readonly<Record<string, Answerer>> = {
  'POST /infer': { shape: 'service', bare: infer },
  // The names that services, MAX Serve and AIVillage have for it.
  'GET /health': { shape: 'service', bare: health },
  'GET /v1/health': { shape: 'service', bare: health },
  'GET /healthz': { shape: 'service', bare: health },
};

/** Any method, the path itself and all below it; of every simulator too. */
const BELOW: readonly (readonly [string, Answerer])[] = [
  ['/v1/models', { shape: 'openai', bare: model }],
  ['/v1/responses', { shape: 'openai', bare: storedResponse }],
  ['/v1/messages', { shape: 'anthropic', bare: noSuchMessage }],
  ['/v1/images/content', { shape: 'openai', bare: imageContent }],
  ['/v1/files', { shape: 'openai', bare: oneFile }],
  ['/v1/uploads', { shape: 'openai', bare: oneUpload }],
  ['/v1/batches', { shape: 'openai', bare: oneBatch }],
  ['/v1beta', { shape: 'gemini', bare: gemini }],
  ['/v1/projects', { shape: 'gemini', bare: gemini }],
  ['/v1/publishers', { shape: 'gemini', bare: gemini }],
  ['/v1beta1', { shape: 'gemini', bare: gemini }],
  ['/model', { shape: 'bedrock', bare: bedrock }],
  ['/echo', { shape: 'service', bare: echo }],
  ['/mirror', { shape: 'service', bare: mirror }],
  ['/items', { shape: 'service', bare: item }],
  ['/anything', { shape: 'service', bare: anything }],
  ['/v1/anything', { shape: 'service', bare: anything }],
];

/** Starts one. Throws EADDRINUSE when the port is taken, and an Error for a service that nobody knows. */
export function createSimulator(options: SimulatorOptions, deps: { readonly clock: Clock }): Simulator {
  const world: World = {
    options,
    isPlain: Object.keys(options.behaviour).length === 0,
    clock: deps.clock,
    ticker: new Ticker(deps.clock),
    counter: new FaultCounter(),
    loaded: new Map(),
    prefixes: new PrefixCache(deps),
    responses: new ResponseStore(),
    stored: new Stored(),
    ask(request, from) {
      const { path, query } = splitUrl(request.url);
      const answerer = routeOf(exact, request.method, path);
      return answerTo(answerer, { ...from, shape: answerer?.shape ?? 'openai', request, path, query, record: UNRECORDED });
    },
    rules: [],
  };
  const exact = exactRoutes(options.service);
  const recorder = options.control ? new Recorder({ recordsMax: options.recordsMax }, deps) : undefined;

  const server = Bun.serve<SocketData>({
    hostname: options.hostname,
    port: options.port,
    // Silence and slow streams are what it is for: nothing here ends because nothing happens.
    idleTimeout: 0,
    maxRequestBodySize: 1_073_741_824,
    // Otherwise each cut that we make on purpose is printed.
    development: false,
    // Which without this would also share the port with whoever has it already (Bun 1.4.5).
    reusePort: false,
    websocket: SOCKET_HANDLERS,
    fetch(request, own) {
      const { path, query } = splitUrl(request.url);
      const answerer = routeOf(exact, request.method, path);
      const shape = answerer?.shape ?? (options.service === undefined && !path.startsWith('/api/') ? 'openai' : 'service');
      if (recorder !== undefined && path.startsWith(CONTROL_PREFIX)) return controlled(request, path, { world, recorder });

      const upgrade = (heard: SocketTalk, headers = {}) => own.upgrade(request, { data: { talk: heard, drained: undefined }, headers });
      const visitOf = (arrived: Request): Visit => {
        const record = recorder?.begin(arrived, path, query) ?? UNRECORDED;
        if (recorder !== undefined) arrived.signal.addEventListener('abort', () => record.end('client_gone'), { once: true });
        return { world, shape, request: arrived, path, query, record, upgrade, visitOf };
      };
      return answerTo(answerer, visitOf(request));
    },
  });
  return {
    port: server.port ?? 0,
    url: `http://${options.hostname}:${server.port}`,
    async stop() {
      world.stored.clear();
      await server.stop(true);
    },
  };
}

async function answerTo(answerer: Answerer | undefined, visit: Visit): Promise<Response> {
  try {
    if (answerer === undefined) {
      const message = `Invalid URL (${visit.request.method} ${visit.path})`;
      return failureReply({ status: 404, message }, visit);
    }
    if ('bare' in answerer) return await answerer.bare(visit);
    return await answerer.json(await readJson(visit), visit);
  } catch (error) {
    if (error instanceof RequestRefused) return failureReply(error.failure, visit);
    if (error instanceof GatewayError) return failureReply({ status: error.status, message: error.message, param: 'model' }, visit);
    // The client left while we waited: nobody reads this.
    if (visit.request.signal.aborted) return new Response(null, { status: 499 });
    throw error;
  }
}

/** The models come last: where a service shares a path with them, the request tells which is meant. */
function exactRoutes(service: string | undefined): ReadonlyMap<string, Answerer> {
  const services = Array.from(pathsOf(service), ([path, bare]): [string, Answerer] => [path, { shape: 'service', bare }]);
  return new Map([...Object.entries(ALWAYS), ...services, ...(service === undefined ? Object.entries(MODELS) : [])]);
}

/** StillMe's `{message, user_id}` and Ollama's `{model, messages}` share a path. */
function chatOfEither(body: JsonObject, visit: Visit): Promise<Response> {
  return 'message' in body && !('messages' in body) ? talk(visit, JSON.stringify(body)) : ollamaChat(body, visit);
}

function routeOf(exact: ReadonlyMap<string, Answerer>, method: string, path: string): Answerer | undefined {
  const found = exact.get(`${method} ${path}`);
  if (found !== undefined) return found;
  for (const [prefix, answerer] of BELOW) {
    if (path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/')) return answerer;
  }
  return undefined;
}

async function controlled(
  request: Request,
  path: string,
  parts: { readonly world: World; readonly recorder: Recorder },
): Promise<Response> {
  try {
    return await control(request, path, parts);
  } catch (error) {
    if (error instanceof GatewayError || error instanceof SyntaxError) return Response.json({ detail: error.message }, { status: 400 });
    throw error;
  }
}

/** Path and query of an absolute URL, without the cost of a URL object. */
function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const pathAt = url.indexOf('/', url.indexOf('//') + 2);
  const queryAt = url.indexOf('?', pathAt);
  return queryAt === -1 ? { path: url.slice(pathAt), query: '' } : { path: url.slice(pathAt, queryAt), query: url.slice(queryAt) };
}

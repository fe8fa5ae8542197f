/*
 * A simulated AI microservice, for service routes: inference, echoes of all kinds, a resource to cache, and health. Faults come by
 * header, by query (`?simulate=…`) or from the server, since there is no model to name them in.
 */
import { failureReply, insteadOfAnswer } from './failures.ts';
import { isObject } from './json-instance.ts';
import { jsonReply } from './service-reply.ts';
import { callName } from './services/catalog.ts';
import { estimateTokens, hash } from './text.ts';
import { faultsOf, type Visit } from './visit.ts';

/** `POST /infer` with `{"prompt": …}`: the prompt comes back, after as long as the pace says. */
export async function infer(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const text = await visit.request.text();
  visit.record.readBody(text);
  const body = parseJson(text);
  const prompt = isObject(body) ? body['prompt'] : undefined;
  if (typeof prompt !== 'string') return failureReply({ status: 422, message: 'prompt: a string is required' }, visit);
  const value = { ok: true, service: callName(visit.world.options.service), output: `echo: ${prompt}`, tokens: estimateTokens(prompt) };
  return jsonReply(visit, faults, { value, tokenCount: Math.max(1, estimateTokens(prompt)) });
}

/** Any method, `/echo` and below: what arrived, with the body as length and hash. */
export async function echo(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const digest = new Bun.CryptoHasher('sha256');
  let bodyBytes = 0;
  const body: AsyncIterable<Uint8Array> | null = visit.request.body;
  for await (const chunk of body ?? []) {
    digest.update(chunk);
    bodyBytes += chunk.byteLength;
  }
  return jsonReply(visit, faults, { value: { ...seen(visit), body: { bytes: bodyBytes, sha256: digest.digest('hex') } } });
}

/** Any method, `/anything` and `/v1/anything` and below: what arrived, with the body as JSON or text. */
export async function anything(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const text = await visit.request.text();
  visit.record.readBody(text);
  const json = parseJson(text);
  return jsonReply(visit, faults, { value: { ...seen(visit), json: json ?? null, text: json === undefined ? text : null } });
}

/** Any method, `/mirror` and below: the body streams back as it comes, no faster than the client takes it. */
export async function mirror(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  visit.record.answer(200);
  const headers = { 'content-type': visit.request.headers.get('content-type') ?? 'application/octet-stream' };
  if (visit.request.body !== null) return new Response(mirrored(visit.request.body, visit), { headers });
  visit.record.end('complete');
  return new Response(null, { headers });
}

async function* mirrored(body: ReadableStream<Uint8Array>, visit: Visit): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } finally {
    visit.record.end(visit.request.signal.aborted ? 'client_gone' : 'complete');
  }
}

/**
 * `GET /items/{id}`: a resource that may be cached, with an ETag that follows from the id. The query says how: `cache-control` becomes
 * that header, `vary` that one, `bytes` pads the body.
 */
export async function item(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const query = new URLSearchParams(visit.query);
  const id = visit.path.slice('/items/'.length);
  const headers: Record<string, string> = { etag: `"${hash(id, 0).toString(16)}"` };
  for (const name of ['cache-control', 'vary']) {
    const value = query.get(name);
    if (value !== null) headers[name] = value;
  }
  if (visit.request.headers.get('if-none-match') === headers['etag']) {
    visit.record.answer(304);
    visit.record.end('complete');
    return new Response(null, { status: 304, headers });
  }
  const value = { id, name: `item ${id}`, price: hash(id, 1) % 10_000, padding: 'x'.repeat(paddingOf(query)) };
  return jsonReply(visit, faults, { value, headers });
}

/** `GET /health`. */
export async function health(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const failed = await insteadOfAnswer(faults, visit);
  return failed ?? jsonReply(visit, faults, { value: { status: 'healthy', ok: true, service: callName(visit.world.options.service) } });
}

const PADDING_MAX = 100_000_000;

function paddingOf(query: URLSearchParams): number {
  const bytes = Number(query.get('bytes') ?? '0');
  return Number.isInteger(bytes) && bytes >= 0 ? Math.min(bytes, PADDING_MAX) : 0;
}

function seen(visit: Visit) {
  const { request, path, query } = visit;
  return {
    method: request.method,
    path,
    query: Object.fromEntries(new URLSearchParams(query)),
    headers: Object.fromEntries(request.headers),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // An echo takes every body: what is no JSON is text.
    return undefined;
  }
}

/*
 * The Gemini API (`/v1beta/models/…`) and Vertex AI (`/v1/projects/…/publishers/google/models/…`): one message format behind two
 * doors. Source: ai.google.dev/api, cloud.google.com/vertex-ai/docs/reference/rest.
 */
import { failureReply } from '../failures.ts';
import type { Visit } from '../visit.ts';
import { callOf, checkCredential, type GeminiCall, readGeminiJson } from './call.ts';
import { countTokens } from './count-tokens.ts';
import { batchEmbedContents, embedContent, predict } from './embeddings.ts';
import { generateContent, streamGenerateContent } from './generate.ts';
import { listModels, showModel } from './models.ts';

type Method = (call: GeminiCall, body: unknown) => Promise<Response>;

const METHODS: Readonly<Record<string, Method>> = {
  generateContent,
  streamGenerateContent,
  countTokens,
  embedContent,
  batchEmbedContents,
};

/** Only Vertex AI has it. */
const VERTEX_METHODS: Readonly<Record<string, Method>> = { ...METHODS, predict };

/** Any method, below the paths above. Throws RequestRefused; rejects when the client leaves. */
export async function gemini(visit: Visit): Promise<Response> {
  const call = callOf(visit);
  if (call === undefined) return notFound(visit);
  checkCredential(call);
  const { model, method } = call;
  if (visit.request.method === 'GET' && method === undefined) return model === undefined ? listModels(call) : showModel(call);
  const methods = call.isVertex ? VERTEX_METHODS : METHODS;
  const run = method !== undefined && Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (visit.request.method !== 'POST' || model === undefined || run === undefined) return notFound(visit);
  return run(call, await readGeminiJson(call));
}

function notFound(visit: Visit): Response {
  return failureReply({ status: 404, message: `The requested URL ${visit.path} was not found on this server.` }, visit);
}

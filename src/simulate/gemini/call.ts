/*
 * A call to the Gemini API or to Vertex AI, from its path:
 *
 *   /v1beta/models/{model}:{method}                                                          with a key
 *   /{version}/projects/{project}/locations/{location}/publishers/google/models/{model}:{method}   with a token
 *   /{version}/publishers/google/models/{model}:{method}                                     the same in express mode, with a key
 */

import { RequestRefused } from '../openai-request.ts';
import { readText } from '../request-text.ts';
import { type AskedModel, askedModel, isServed, type Visit } from '../visit.ts';

export interface GeminiCall {
  readonly visit: Visit;
  readonly version: string;
  readonly isVertex: boolean;
  /** As asked for, faults included; undefined: the list of models. */
  readonly model: string | undefined;
  /** `generateContent` and so on; undefined: the model itself. */
  readonly method: string | undefined;
}

const GEMINI = /^\/(v1beta)\/models(?:\/([^/]+))?$/;
const VERTEX = /^\/(v1|v1beta1)\/(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/google\/models(?:\/([^/]+))?$/;

/** What a path asks for, or undefined: nothing that there is. */
export function callOf(visit: Visit): GeminiCall | undefined {
  const vertex = VERTEX.exec(visit.path);
  const [, version, last] = vertex ?? GEMINI.exec(visit.path) ?? [];
  if (version === undefined) return undefined;
  // The last colon, because a model's faults may have one too.
  const colon = last?.lastIndexOf(':') ?? -1;
  return {
    visit,
    version,
    isVertex: vertex !== null,
    model: last === undefined ? undefined : decoded(colon === -1 ? last : last.slice(0, colon)),
    method: last === undefined || colon === -1 ? undefined : last.slice(colon + 1),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A path that is no valid escape names no model that anybody has.
    return text;
  }
}

/** Throws RequestRefused for a call without a key or token. Any will do: a wrong one is a fault, `status=401`. */
export function checkCredential({ visit, isVertex }: GeminiCall): void {
  const { headers } = visit.request;
  const key = headers.get('x-goog-api-key') ?? new URLSearchParams(visit.query).get('key') ?? '';
  const hasToken = /^Bearer \S/i.test(headers.get('authorization') ?? '');
  if (key !== '' || hasToken) return;
  if (!isVertex) {
    throw new RequestRefused({
      status: 403,
      message:
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    });
  }
  throw new RequestRefused({
    status: 401,
    message:
      'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'CREDENTIALS_MISSING',
        domain: 'googleapis.com',
        metadata: { service: 'aiplatform.googleapis.com' },
      },
    ],
  });
}

/** The model and what holds for this request; call once. Throws RequestRefused. */
export function askModel({ visit, model = '', version, method = 'getModel' }: GeminiCall): AskedModel {
  const asked = askedModel(visit, model);
  if (isServed(visit.world.options, asked.name)) return asked;
  throw new RequestRefused({
    status: 404,
    message: `models/${asked.name} is not found for API version ${version}, or is not supported for ${method}. Call ListModels to see the list of available models and their supported methods.`,
  });
}

/** Throws RequestRefused. */
export async function readGeminiJson({ visit }: GeminiCall): Promise<unknown> {
  const text = await readText(visit);
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new RequestRefused({ status: 400, message: `Invalid JSON payload received. ${error instanceof Error ? error.message : ''}` });
  }
}

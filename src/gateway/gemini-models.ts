/* The list of models in Gemini's shape, page by page: all that are reachable, whichever dialect their targets speak. Source: ai.google.dev/api/models. */

import { GatewayError } from '../base/errors.ts';
import type { ModelListing } from '../upstream/model-list.ts';
import type { ModelDescription } from './model-description.ts';

const PAGE_DEFAULT = 50;
const PAGE_MAX = 1_000;

const CHAT_METHODS = ['generateContent', 'streamGenerateContent', 'countTokens'];
const EMBED_METHODS = ['embedContent', 'batchEmbedContents'];

export interface GeminiModel {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly supportedGenerationMethods: readonly string[];
}

export function geminiModel({ id, owned_by: owner }: ModelListing, known: ModelDescription): GeminiModel {
  const { context_window: input, max_output_tokens: output } = known;
  return {
    name: `models/${id}`,
    displayName: id,
    description: owner === '' ? 'Answered through the gateway.' : `Answered by ${owner}.`,
    ...(input === undefined ? {} : { inputTokenLimit: input }),
    ...(output === undefined ? {} : { outputTokenLimit: output }),
    // What a model can do is in its name, as far as it is anywhere: nobody is refused for it.
    supportedGenerationMethods: /embed/i.test(id) ? EMBED_METHODS : [...CHAT_METHODS, ...EMBED_METHODS],
  };
}

/** One page, as the query asks. Throws `request_invalid` for a size or a token that is none. */
export function geminiPage(
  models: readonly ModelListing[],
  search: string,
): { readonly page: readonly ModelListing[]; readonly next: { readonly nextPageToken?: string } } {
  const query = new URLSearchParams(search);
  const size = wholeOf(query, 'pageSize', PAGE_DEFAULT);
  const start = wholeOf(query, 'pageToken', 0);
  const end = start + Math.min(size === 0 ? PAGE_DEFAULT : size, PAGE_MAX);
  return { page: models.slice(start, end), next: end < models.length ? { nextPageToken: String(end) } : {} };
}

function wholeOf(query: URLSearchParams, name: string, usual: number): number {
  const text = query.get(name);
  if (text === null || text === '') return usual;
  if (!/^\d{1,9}$/.test(text)) throw new GatewayError('request_invalid', `'${name}' is invalid`, { param: name });
  return Number(text);
}

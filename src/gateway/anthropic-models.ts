/*
 * The list of models in Anthropic's shape, page by page. Claude Code looks here for models to choose from, and shows those with `claude` or `anthropic` in
 * their names: an alias makes any model one. Source: platform.claude.com/docs/en/api/models-list; code.claude.com/docs/en/llm-gateway-protocol.
 */

import { GatewayError } from '../base/errors.ts';
import type { ModelListing } from '../upstream/model-list.ts';

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 1_000;

/** Clients of Anthropic always say which version of its API they speak. */
export function asksAnthropic(headers: Headers): boolean {
  return headers.has('anthropic-version');
}

export interface AnthropicModel {
  readonly type: 'model';
  readonly id: string;
  readonly display_name: string;
  readonly description: string;
  readonly created_at: string;
}

export function anthropicModel({ id, created, owned_by: owner }: ModelListing): AnthropicModel {
  return {
    type: 'model',
    id,
    display_name: id,
    description: owner === '' ? 'Answered through the gateway.' : `Answered by ${owner}.`,
    created_at: new Date(created * 1_000).toISOString(),
  };
}

/** One page, as the query asks. Throws `request_invalid` for a limit that is none. */
export function anthropicPage(models: readonly ModelListing[], search: string): object {
  const query = new URLSearchParams(search);
  const limit = readLimit(query.get('limit'));
  const [after, before] = [query.get('after_id'), query.get('before_id')];
  const place = (id: string) => models.findIndex((model) => model.id === id);
  let rest = models;
  let page: readonly ModelListing[];
  if (before !== null) {
    rest = models.slice(0, Math.max(0, place(before)));
    page = rest.slice(-limit);
  } else {
    if (after !== null) rest = models.slice(place(after) + 1);
    page = rest.slice(0, limit);
  }
  const data = page.map(anthropicModel);
  return { data, has_more: rest.length > page.length, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
}

function readLimit(text: string | null): number {
  if (text === null) return LIMIT_DEFAULT;
  const limit = Number(text);
  if (text.trim() !== '' && Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new GatewayError('request_invalid', `'limit' must be a whole number from 1 to ${LIMIT_MAX}`, { param: 'limit' });
}

import { refuse } from './openai-request.ts';
import type { Visit } from './visit.ts';

interface PageRules {
  readonly limitDefault: number;
  readonly limitMax: number;
}

interface Page<Row> {
  readonly object: 'list';
  readonly data: readonly Row[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

/** One page of a list, as `limit`, `after` and `order` of the query say; `rows` are given oldest first. Throws RequestRefused. */
export function pageOf<Row extends { readonly id: string }>(rows: readonly Row[], visit: Visit, rules: PageRules): Page<Row> {
  const query = new URLSearchParams(visit.query);
  const limit = query.has('limit') ? Number(query.get('limit')) : rules.limitDefault;
  if (!Number.isInteger(limit) || limit < 1 || limit > rules.limitMax) {
    refuse(`Invalid 'limit': expected an integer between 1 and ${rules.limitMax}.`, 'limit', 'invalid_value');
  }
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc')
    refuse(`Invalid value: '${order}'. Supported values are: 'asc', 'desc'.`, 'order', 'invalid_value');
  const sorted = order === 'asc' ? rows : rows.toReversed();
  const after = query.get('after');
  const from = after === null ? 0 : sorted.findIndex((row) => row.id === after) + 1;
  if (after !== null && from === 0) refuse(`Invalid 'after': no such object: ${after}`, 'after', 'invalid_value');
  const data = sorted.slice(from, from + limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: from + limit < sorted.length,
  };
}

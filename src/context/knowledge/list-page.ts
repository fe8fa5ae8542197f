/* Pages of lists, as OpenAI's API turns them: by the id of the last, or the first, that the caller has seen. */

import type { ListPage, ListQuery } from './knowledge.ts';

/** `items`: oldest first, each with an id of its own. */
export function pageOf<Item extends { readonly id: string }>(
  items: readonly Item[],
  { query, accept }: { readonly query: ListQuery; readonly accept: (item: Item) => boolean },
): ListPage<Item> {
  const { limit, order = 'newest', after, before } = query;
  const listed = order === 'newest' ? items.toReversed() : items;
  let from = 0;
  let to = listed.length;
  if (after !== undefined) {
    const at = listed.findIndex(({ id }) => id === after);
    from = at === -1 ? to : at + 1;
  }
  if (before !== undefined) {
    const at = listed.findIndex(({ id }) => id === before);
    to = at === -1 ? from : at;
  }
  const found = listed.slice(from, to).filter(accept);
  // The page before a place is the one that ends there.
  const isBackward = before !== undefined && after === undefined;
  return { items: isBackward ? found.slice(-limit) : found.slice(0, limit), hasMore: found.length > limit };
}

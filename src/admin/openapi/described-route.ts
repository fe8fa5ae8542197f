import type { Route } from '../../edge/route-table.ts';
import type { RouteDocs } from '../../pipeline/route-docs.ts';

/** A route, with what it says of itself at hand. */
export type DescribedRoute = Omit<Route, 'docs' | 'handler'> & { readonly docs?: RouteDocs };

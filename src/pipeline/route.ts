import type { OperationKind } from '../operations/operation.ts';

/*
 * A route as the rest of the gateway sees it. The edge matches requests to routes; a route says what it needs, never how.
 */

/**
 * Who may call: `public` anyone; `key` whoever holds a key or token; `metrics` anyone or keys, by config; `admin` an admin's key.
 * A route without one stops the boot.
 */
export type Access = 'public' | 'key' | 'metrics' | 'admin';

/**
 * `model` goes through routing, `service` to a named service, `resource` to what the gateway keeps for its callers. `system` is answered by
 * the gateway itself, whatever the limits.
 */
export type RouteKind = 'model' | 'service' | 'resource' | 'system';

export interface RouteInfo {
  /** Bounded and stable: a label in metrics and logs (`/v1/chat/completions`, `/api/v1/pricing/*`). */
  readonly pattern: string;
  readonly kind: RouteKind;
  readonly access: Access;
  /** The dialect that errors are told in; `service` for service and system routes. */
  readonly dialect: string;
  /** Of a path that two dialects share: the one of a caller who sends these headers; undefined: `dialect`. */
  readonly dialectOf?: (headers: Headers) => string | undefined;
  /** Set on model routes: what a body asks for. */
  readonly operation?: OperationKind;
  /** Callers may sign their requests with AWS Signature Version 4 instead of sending a key. */
  readonly signatures?: true;
  /** Which form of the operation, where the dialect has several. */
  readonly form?: string;
  /** A parameter of the query that may hold the caller's key, where clients of the dialect put it there. */
  readonly keyParameter?: string;
  /** The caller's key may also come as `Authorization: Token …`, as clients of the API send it. */
  readonly tokenScheme?: true;
  /** Set on model routes whose body may be a form with files in it. */
  readonly takesForms?: true;
  /** Set on service routes: which service answers. */
  readonly service?: string;
}

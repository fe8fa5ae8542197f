/*
 * Error replies, from the catalogue: which errors a route may give follows from its kind, its access and what it says itself; how each is
 * told follows from its dialect. Examples are made by the encoder that makes the real ones.
 */

import type { z } from 'zod';
import { ERRORS, type ErrorCode, GatewayError, type GatewayErrorOptions } from '../../base/errors.ts';
import { type ErrorEncoder, encodeServiceError } from '../../pipeline/error-reply.ts';
import { serviceError } from '../../pipeline/service-error-schema.ts';
import type { DescribedRoute } from './described-route.ts';
import type { Json, SchemaBook } from './schema-book.ts';

/** How a dialect tells errors. */
export interface ErrorShape {
  readonly schema: z.ZodType;
  readonly encode: ErrorEncoder;
}

/** Of the service and system routes, and of every refusal before a route is known. */
export const SERVICE_SHAPE: ErrorShape = { schema: serviceError, encode: encodeServiceError };

const BODY: readonly ErrorCode[] = ['body_timeout', 'body_too_large'];
const UPSTREAM: readonly ErrorCode[] = [
  'internal_error',
  'overloaded',
  'draining',
  'breaker_open',
  'upstream_unreachable',
  'upstream_timeout',
  'upstream_error',
  'upstream_reply_invalid',
  'upstream_address_forbidden',
];

const BY_KIND: Readonly<Record<DescribedRoute['kind'], readonly ErrorCode[]>> = {
  resource: ['request_invalid', 'content_type_unsupported', ...BODY, 'internal_error', 'overloaded', 'draining'],
  model: [
    'json_invalid',
    'request_invalid',
    'context_length_exceeded',
    'content_policy_violation',
    'content_type_unsupported',
    'content_encoding_unsupported',
    ...BODY,
    'model_forbidden',
    'model_unknown',
    'upstream_model_unknown',
    'rate_limited',
    'upstream_rate_limited',
    'deadline_exceeded',
    'upstream_credentials',
    ...UPSTREAM,
  ],
  service: [...BODY, 'rate_limited', ...UPSTREAM],
  system: [],
};

/** The errors that a route may give, beyond those that any request may. */
export function errorCodesOf(route: DescribedRoute, needsCaller: boolean): ErrorCode[] {
  const access: readonly ErrorCode[] = needsCaller ? ['key_missing', 'key_invalid', 'token_invalid', 'auth_unavailable'] : [];
  const admin: readonly ErrorCode[] = route.access === 'admin' ? ['access_denied'] : [];
  return [...new Set([...access, ...admin, ...BY_KIND[route.kind], ...(route.docs?.errors ?? [])])];
}

const CORRELATION_ID = '6f1c2a9e-0b57-4c1d-9a52-3d3f0f7f2a11';

/** What the commoner errors say; others are shown with their code in words. */
const EXAMPLES: Partial<Record<ErrorCode, { readonly message: string; readonly options?: GatewayErrorOptions }>> = {
  key_missing: { message: 'an API key is needed: send it as `Authorization: Bearer …` or `x-api-key: …`' },
  key_invalid: { message: 'this key is not known here' },
  access_denied: { message: 'only an administrator may do this' },
  json_invalid: { message: 'the body is no valid JSON: unexpected end at byte 12' },
  request_invalid: { message: "'messages' is required: an array of messages", options: { param: 'messages' } },
  model_unknown: { message: "The model 'no-such-model' does not exist here", options: { param: 'model' } },
  resource_unknown: { message: 'There is no such circuit breaker' },
  rate_limited: {
    message: 'Rate limit exceeded',
    options: {
      retryAfterMs: 42_000,
      detail: { error: 'Rate limit exceeded', limit_per_minute: 60, limit_per_hour: 1_000, retry_after: 42 },
    },
  },
  breaker_open: { message: "Circuit breaker 'recommendation-service' is OPEN", options: { retryAfterMs: 30_000 } },
  config_invalid: {
    message: 'The new configuration was refused; the one before stays in force',
    options: { detail: { problems: ['gatehouse.yaml:3:9: server.port must be a number'] } },
  },
};

/** Components for error replies, made as they are asked for. */
export class ErrorReplies {
  readonly #book: SchemaBook;
  readonly #shapes: ReadonlyMap<string, ErrorShape>;
  readonly #codes = new Map<string, { readonly shape: ErrorShape; readonly status: number; readonly codes: Set<ErrorCode> }>();

  constructor(book: SchemaBook, shapes: ReadonlyMap<string, ErrorShape>) {
    this.#book = book;
    this.#shapes = shapes;
  }

  /** References to a route's error replies, by status, and `default` for what any request may meet. */
  of(route: DescribedRoute, codes: readonly ErrorCode[]): Json {
    const shape = this.#shapes.get(route.dialect) ?? SERVICE_SHAPE;
    const name = this.#nameOf(shape);
    const replies: Json = {};
    for (const [status, alike] of [...Map.groupBy(codes, (code) => statusOf(code, shape))].toSorted(([one], [other]) => one - other)) {
      const key = `${name}${status}`;
      const known = this.#codes.get(key) ?? { shape, status, codes: new Set() };
      for (const code of alike) known.codes.add(code);
      this.#codes.set(key, known);
      replies[String(status)] = { $ref: `#/components/responses/${key}` };
    }
    replies['default'] = { $ref: '#/components/responses/AnyError' };
    return replies;
  }

  /** All that were referred to. */
  get components(): Json {
    const shapes = [...new Set([SERVICE_SHAPE, ...this.#shapes.values()])];
    const named = [...this.#codes].toSorted(([one], [other]) => (one < other ? -1 : 1));
    return {
      ...Object.fromEntries(named.map(([key, { shape, status, codes }]) => [key, this.#component(shape, status, [...codes].toSorted())])),
      AnyError: {
        description:
          'Any other refusal: a malformed head or path (400), headers too large (431), a method that is not served here (405), a fault of the gateway (500); from a model, an upstream’s own status where that is the truth. Before the route is known, errors come in the shape of GatewayError.',
        headers: ERROR_HEADERS,
        content: { 'application/json': { schema: { anyOf: shapes.map(({ schema }) => this.#book.use(schema, 'output')) } } },
      },
    };
  }

  #component(shape: ErrorShape, status: number, codes: readonly ErrorCode[]): Json {
    const waits = status === 429 || status === 503;
    return {
      description: codes.map((code) => `\`${code}\`${ADVICE[ERRORS[code].retry]}`).join('; '),
      headers: {
        ...ERROR_HEADERS,
        ...(waits ? { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } : {}),
        ...(status === 401 ? { 'WWW-Authenticate': { $ref: '#/components/headers/WWW-Authenticate' } } : {}),
      },
      content: {
        'application/json': {
          schema: this.#book.use(shape.schema, 'output'),
          examples: Object.fromEntries(codes.map((code) => [code, { summary: inWords(code), value: exampleOf(code, shape) }])),
        },
      },
    };
  }

  #nameOf(shape: ErrorShape): string {
    const reference = this.#book.use(shape.schema, 'output')['$ref'];
    if (typeof reference !== 'string') throw new Error('the schema of a dialect’s errors needs a name: .meta({ id })');
    return reference.slice(reference.lastIndexOf('/') + 1);
  }
}

function statusOf(code: ErrorCode, { encode }: ErrorShape): number {
  return encode(new GatewayError(code, ''), '').status ?? ERRORS[code].status;
}

const ERROR_HEADERS: Json = {
  'X-Correlation-ID': { $ref: '#/components/headers/X-Correlation-ID' },
  'X-Should-Retry': { $ref: '#/components/headers/X-Should-Retry' },
};

const ADVICE = { never: '', elsewhere: ' (others were tried, where there are any)', after: ' (try again later)' } as const;

function inWords(code: ErrorCode): string {
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function exampleOf(code: ErrorCode, shape: ErrorShape): unknown {
  const { message, options } = EXAMPLES[code] ?? { message: inWords(code) };
  return JSON.parse(shape.encode(new GatewayError(code, message, options), CORRELATION_ID).body);
}

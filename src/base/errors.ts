/*
 * Every way in which a request can go wrong, as rows. A row is chosen where the trouble is seen; it becomes a reply in one
 * place (pipeline/rescue.ts). The catalogue is published in docs/reference/errors.md, which a test holds against this file.
 */

/** Whose fault it is. Only `upstream` faults count against a breaker; a fault of `gateway` or `infra` is never a 401 or 403. */
export type FaultSource = 'client' | 'gateway' | 'infra' | 'upstream';

/** `never`: trying again changes nothing. `elsewhere`: another endpoint or target may answer. `after`: later, when told. */
export type RetryAdvice = 'never' | 'elsewhere' | 'after';

export interface ErrorRow {
  /** HTTP status of the reply, 400 to 599. */
  readonly status: number;
  readonly source: FaultSource;
  readonly retry: RetryAdvice;
  /** `error.type` in OpenAI's vocabulary; each dialect maps it to its own words. */
  readonly type: ErrorType;
}

export type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'not_found_error'
  | 'rate_limit_error'
  | 'service_unavailable'
  | 'api_error'
  | 'timeout_error';

export const ERRORS = {
  // The head and the framing.
  request_target_invalid: { status: 400, source: 'client', retry: 'never', type: 'invalid_request_error' },
  host_invalid: { status: 400, source: 'client', retry: 'never', type: 'invalid_request_error' },
  header_invalid: { status: 400, source: 'client', retry: 'never', type: 'invalid_request_error' },
  head_too_large: { status: 431, source: 'client', retry: 'never', type: 'invalid_request_error' },
  route_unknown: { status: 404, source: 'client', retry: 'never', type: 'not_found_error' },
  method_not_allowed: { status: 405, source: 'client', retry: 'never', type: 'invalid_request_error' },
  expectation_unsupported: { status: 417, source: 'client', retry: 'never', type: 'invalid_request_error' },
  upgrade_unsupported: { status: 426, source: 'client', retry: 'never', type: 'invalid_request_error' },
  origin_forbidden: { status: 403, source: 'client', retry: 'never', type: 'permission_error' },
  // The body.
  body_too_large: { status: 413, source: 'client', retry: 'never', type: 'invalid_request_error' },
  body_timeout: { status: 408, source: 'client', retry: 'never', type: 'timeout_error' },
  content_type_unsupported: { status: 415, source: 'client', retry: 'never', type: 'invalid_request_error' },
  content_encoding_unsupported: { status: 415, source: 'client', retry: 'never', type: 'invalid_request_error' },
  json_invalid: { status: 400, source: 'client', retry: 'never', type: 'invalid_request_error' },
  input_refused: { status: 400, source: 'client', retry: 'never', type: 'invalid_request_error' },
  request_invalid: { status: 400, source: 'client', retry: 'never', type: 'invalid_request_error' },
  previous_response_not_found: { status: 400, source: 'client', retry: 'elsewhere', type: 'invalid_request_error' },
  item_not_found: { status: 404, source: 'client', retry: 'elsewhere', type: 'invalid_request_error' },
  websocket_connection_limit_reached: { status: 400, source: 'client', retry: 'never', type: 'invalid_request_error' },
  feature_unsupported: { status: 400, source: 'client', retry: 'elsewhere', type: 'invalid_request_error' },
  field_invalid: { status: 422, source: 'client', retry: 'never', type: 'invalid_request_error' },
  // Files.
  file_type_unsupported: { status: 415, source: 'client', retry: 'never', type: 'invalid_request_error' },
  file_unreadable: { status: 422, source: 'client', retry: 'never', type: 'invalid_request_error' },
  file_too_complex: { status: 422, source: 'client', retry: 'never', type: 'invalid_request_error' },
  // Who, and may they.
  key_missing: { status: 401, source: 'client', retry: 'never', type: 'authentication_error' },
  key_invalid: { status: 401, source: 'client', retry: 'never', type: 'authentication_error' },
  signature_invalid: { status: 403, source: 'client', retry: 'never', type: 'authentication_error' },
  token_invalid: { status: 401, source: 'client', retry: 'never', type: 'authentication_error' },
  auth_unavailable: { status: 503, source: 'infra', retry: 'after', type: 'api_error' },
  access_denied: { status: 403, source: 'client', retry: 'never', type: 'permission_error' },
  model_forbidden: { status: 403, source: 'client', retry: 'never', type: 'permission_error' },
  model_unknown: { status: 404, source: 'client', retry: 'never', type: 'not_found_error' },
  model_dialect_unsupported: { status: 400, source: 'client', retry: 'never', type: 'invalid_request_error' },
  resource_unknown: { status: 404, source: 'client', retry: 'never', type: 'not_found_error' },
  feature_disabled: { status: 404, source: 'client', retry: 'never', type: 'not_found_error' },
  quota_exceeded: { status: 403, source: 'client', retry: 'never', type: 'permission_error' },
  rate_limited: { status: 429, source: 'client', retry: 'after', type: 'rate_limit_error' },
  // Ourselves.
  overloaded: { status: 503, source: 'gateway', retry: 'after', type: 'service_unavailable' },
  draining: { status: 503, source: 'gateway', retry: 'after', type: 'service_unavailable' },
  deadline_exceeded: { status: 504, source: 'gateway', retry: 'never', type: 'timeout_error' },
  config_invalid: { status: 400, source: 'client', retry: 'never', type: 'invalid_request_error' },
  storage_unavailable: { status: 503, source: 'infra', retry: 'after', type: 'api_error' },
  internal_error: { status: 500, source: 'gateway', retry: 'never', type: 'api_error' },
  client_closed: { status: 499, source: 'client', retry: 'never', type: 'invalid_request_error' },
  // The upstream.
  breaker_open: { status: 503, source: 'upstream', retry: 'elsewhere', type: 'service_unavailable' },
  upstream_unreachable: { status: 502, source: 'upstream', retry: 'elsewhere', type: 'api_error' },
  upstream_timeout: { status: 504, source: 'upstream', retry: 'elsewhere', type: 'timeout_error' },
  upstream_rate_limited: { status: 429, source: 'upstream', retry: 'after', type: 'rate_limit_error' },
  upstream_credentials: { status: 502, source: 'upstream', retry: 'elsewhere', type: 'api_error' },
  upstream_model_unknown: { status: 404, source: 'client', retry: 'elsewhere', type: 'not_found_error' },
  upstream_error: { status: 502, source: 'upstream', retry: 'elsewhere', type: 'api_error' },
  upstream_reply_invalid: { status: 502, source: 'upstream', retry: 'elsewhere', type: 'api_error' },
  upstream_stream_interrupted: { status: 502, source: 'upstream', retry: 'elsewhere', type: 'api_error' },
  upstream_address_forbidden: { status: 502, source: 'gateway', retry: 'elsewhere', type: 'api_error' },
  context_length_exceeded: { status: 400, source: 'client', retry: 'elsewhere', type: 'invalid_request_error' },
  content_policy_violation: { status: 400, source: 'client', retry: 'never', type: 'invalid_request_error' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface GatewayErrorOptions {
  /** When trying again may help, in milliseconds from now; becomes Retry-After. */
  readonly retryAfterMs?: number;
  /** The request field at fault (`messages[0].role`), for dialects that report one. */
  readonly param?: string;
  /** Extra headers of the reply, lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Becomes `detail` in the service shape, and `error.metadata` in the dialects that allow it. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Overrides the row's status, where an upstream's own status is the truth. */
  readonly status?: number;
  readonly cause?: unknown;
}

/** A refusal or failure with a row in ERRORS. The message is shown to the caller: never put a secret or another tenant's data in it. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly options: GatewayErrorOptions;

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.options = options;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }

  get status(): number {
    return this.options.status ?? this.row.status;
  }
}

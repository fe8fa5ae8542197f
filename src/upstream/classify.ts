/*
 * What a status means where no dialect says more: service routes, and the words of last resort. A reply that is the caller's own fault is
 * shown to them as it came, so its error here only says that.
 */

import { GatewayError, type GatewayErrorOptions } from '../base/errors.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import { parseRetryAfter } from '../base/retry-after.ts';

/** Error bodies longer than this are not searched for a message. */
const SEARCHED_BYTES_MAX = 65_536;
const MESSAGE_CHARS_MAX = 500;

/**
 * Whether a status of a service says that the service failed, and not that the request was bad. 501 and 505 are answers about the request.
 * Everything else, 401 and 403 too, is between the caller and the service.
 */
export function isServiceFailure(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/** The error that a reply of the upstream stands for, by status alone. */
export function classifyStatus(status: number, headers: ReadableHeaders, bytes: Uint8Array): GatewayError {
  const retryAfterMs = parseRetryAfter(headers);
  const message = messageOf(headers, bytes) ?? `The upstream answered ${status}.`;
  const options: GatewayErrorOptions = {
    detail: { upstream_status: status },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  if (status === 401 || status === 403)
    return new GatewayError('upstream_credentials', 'The upstream refused the credential of the gateway.', options);
  if (status === 408) return new GatewayError('upstream_timeout', message, options);
  if (status === 429) return new GatewayError('upstream_rate_limited', message, options);
  if (isServiceFailure(status)) return new GatewayError('upstream_error', message, { ...options, status: Math.min(status, 599) });
  if (status >= 400) return new GatewayError('request_invalid', message, { ...options, status: Math.min(status, 599) });
  return new GatewayError('upstream_reply_invalid', `The upstream answered ${status}, where a result was expected.`, options);
}

/** The sentence for people in a JSON error body, in any of the usual places. */
function messageOf(headers: ReadableHeaders, bytes: Uint8Array): string | undefined {
  const type = headers.get('content-type') ?? '';
  if (!type.includes('json') || bytes.byteLength === 0 || bytes.byteLength > SEARCHED_BYTES_MAX) return undefined;
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // It only calls itself JSON.
    return undefined;
  }
  const message =
    firstText(body, ['message', 'error', 'detail', 'title']) ?? firstText(field(body, 'error'), ['message', 'detail', 'type']);
  return message?.slice(0, MESSAGE_CHARS_MAX);
}

function firstText(value: unknown, names: readonly string[]): string | undefined {
  for (const name of names) {
    const found = field(value, name);
    if (typeof found === 'string' && found !== '') return found;
  }
  return undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

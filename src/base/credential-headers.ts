/*
 * Where a caller may put a key or token. One list for all who must agree on it: the edge refuses it twice, identify reads it, the cache
 * tells it apart, and services never see it. A header that one of them forgot would be a way around the others.
 */

/** Next to `Authorization: Bearer`; lower case. */
export const KEY_HEADERS = ['x-api-key', 'api-key', 'x-goog-api-key'] as const;

/** Browsers can send no header with a WebSocket: OpenAI's clients offer their key as a subprotocol that begins so. */
export const KEY_PROTOCOL_PREFIX = 'openai-insecure-api-key.';

/** The subprotocols that a request for a WebSocket offers (RFC 6455 §11.3.4). */
export function offeredProtocols(headers: Headers): readonly string[] {
  const given = headers.get('sec-websocket-protocol');
  return given === null ? [] : given.split(',').map((name) => name.trim());
}

export const CREDENTIAL_HEADERS = ['authorization', ...KEY_HEADERS] as const;

/*
 * Where a caller may put a key or token. One list for all who must agree on it: the edge refuses it twice, identify reads it, the cache
 * tells it apart, and services never see it. A header that one of them forgot would be a way around the others.
 */

/** Next to `Authorization: Bearer`; lower case. */
export const KEY_HEADERS = ['x-api-key', 'api-key', 'x-goog-api-key'] as const;

export const CREDENTIAL_HEADERS = ['authorization', ...KEY_HEADERS] as const;

import { GatewayError } from '../../base/errors.ts';

/** JSON, or nothing said: a form or a file that happens to parse is somebody's mistake, or a browser talked into a cross-site request. */
export function checkContentType(headers: Headers, others: readonly string[] = []): void {
  const given = headers.get('content-type');
  if (given === null || given === 'application/json') return;
  const media = given.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (media === 'application/json' || media.endsWith('+json')) return;
  // A page can have a browser send a form without asking anybody, but not without saying where it comes from.
  if (others.includes(media) && !headers.has('origin')) return;
  throw new GatewayError(
    'content_type_unsupported',
    `the body must be application/json, not ${media === '' ? 'an empty content type' : media.slice(0, 100)}`,
  );
}

/** Only here is a body read for what it says; a service gets its own as it was sent. */
export function checkContentEncoding(headers: Headers): void {
  const given = headers.get('content-encoding');
  if (given === null || given.toLowerCase() === 'identity') return;
  throw new GatewayError('content_encoding_unsupported', 'compressed bodies are not read: send it without Content-Encoding');
}

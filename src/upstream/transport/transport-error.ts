/*
 * What goes wrong between us and an upstream, below HTTP. Messages are shown to callers, so they name no address; `cause` keeps the
 * runtime's own error for the log.
 */

import { GatewayError, type GatewayErrorOptions } from '../../base/errors.ts';

/**
 * `refused`, `dns`, `tls`, `timeout`: no connection came about. `reset`: the connection broke, perhaps after the request was executed.
 * `protocol`: what came back is not HTTP.
 */
export type TransportFault = 'refused' | 'dns' | 'tls' | 'timeout' | 'reset' | 'protocol';

/** `upstream_unreachable`, or `upstream_reply_invalid` for what is not HTTP, with what is known of the fault. */
export class TransportError extends GatewayError {
  readonly fault: TransportFault;

  constructor(fault: TransportFault, message: string, options: GatewayErrorOptions = {}) {
    if (fault === 'protocol') super('upstream_reply_invalid', `The upstream's reply is invalid: ${message}.`, options);
    else super('upstream_unreachable', `The upstream could not be reached: ${message}.`, options);
    this.fault = fault;
  }
}

const NOT_SENT: ReadonlySet<TransportFault> = new Set<TransportFault>(['refused', 'dns', 'tls', 'timeout']);

/** Whether the upstream surely did not execute the request, so that even one that must not run twice may be sent again. */
export function provesNotSent(error: unknown): boolean {
  return error instanceof TransportError && NOT_SENT.has(error.fault);
}

interface FaultRow {
  readonly codes: RegExp;
  readonly fault: TransportFault;
  readonly message: string;
}

/** The codes of Bun 1.4's fetch; the first row that fits decides. */
const FAULTS: readonly FaultRow[] = [
  { codes: /^(ECONNREFUSED|ConnectionRefused|FailedToOpenSocket)$/, fault: 'refused', message: 'connection refused' },
  { codes: /^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, fault: 'refused', message: 'no route to it' },
  { codes: /^(ENOTFOUND|EAI_AGAIN|EAI_NODATA|EAI_FAIL|DNSException)/, fault: 'dns', message: 'the host name does not resolve' },
  { codes: /CERT|^DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH/, fault: 'tls', message: 'its certificate is not valid' },
  { codes: /^EPROTO$|TLS|SSL/, fault: 'tls', message: 'the TLS handshake failed' },
  { codes: /^(ECONNRESET|ECONNABORTED|EPIPE|ConnectionClosed)$/, fault: 'reset', message: 'it closed the connection without a reply' },
  { codes: /^(ETIMEDOUT|Timeout)/, fault: 'reset', message: 'the connection timed out' },
  {
    codes:
      /^(InvalidHTTPResponse|InvalidContentLength|UnsupportedTransferEncoding|UnrequestedUpgrade|HPE_|Malformed|.*Response.*|ERR_HTTP)/,
    fault: 'protocol',
    message: 'what it sent is not HTTP',
  },
];

/** What an error of `fetch`, or of reading its body, means. A GatewayError (an abort's reason, a body cut by us) is passed through. */
export function fromFetchError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = codeOf(error);
  const row = FAULTS.find(({ codes }) => codes.test(code));
  return row === undefined
    ? new TransportError('reset', 'the connection failed', { cause: error })
    : new TransportError(row.fault, row.message, { cause: error });
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

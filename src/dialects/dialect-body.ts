/* JSON bodies as every dialect reads them: checked in full, within limits, and refused with the place at fault. */

import { GatewayError } from '../base/errors.ts';
import { type JsonKind, type JsonLimits, type JsonScan, JsonScanError, scanJson } from '../base/json-scan.ts';

/** A reply comes from a server that we chose: its limits are there to end a scan, not to keep callers in check. */
export const REPLY_LIMITS: JsonLimits = { depthMax: 512, nodesMax: 100_000_000, keyBytesMax: 1_048_576, membersMax: 4_096 };

/** Scans the body of a request; throws `json_invalid`, or `request_invalid` when it is no object. */
export function scanBody(bytes: Uint8Array): JsonScan {
  if (bytes.length === 0) throw new GatewayError('json_invalid', 'the request has no body; a JSON object is expected');
  let scan: JsonScan;
  try {
    scan = scanJson(bytes);
  } catch (cause) {
    if (cause instanceof JsonScanError) throw new GatewayError('json_invalid', `the body is no valid JSON: ${cause.message}`, { cause });
    throw cause;
  }
  if (scan.kind !== 'object') throw new GatewayError('request_invalid', `the body must be a JSON object, not ${article(scan.kind)}`);
  return scan;
}

/** Scans a whole reply; throws `upstream_reply_invalid`. */
export function scanReply(bytes: Uint8Array): JsonScan {
  try {
    return scanJson(bytes, REPLY_LIMITS);
  } catch (cause) {
    if (cause instanceof JsonScanError)
      throw new GatewayError('upstream_reply_invalid', "the upstream's reply is no valid JSON", { cause });
    throw cause;
  }
}

/** A kind with its article, for messages. */
export function article(kind: JsonKind): string {
  if (kind === 'null') return 'null';
  return kind === 'array' || kind === 'object' ? `an ${kind}` : `a ${kind}`;
}

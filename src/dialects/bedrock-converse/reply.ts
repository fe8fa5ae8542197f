/* Reads the little that we must know of a whole reply: that it is one, and its usage. Who answered it does not say. */

import { GatewayError } from '../../base/errors.ts';
import { memberJson } from '../../base/json-scan.ts';
import type { Operation } from '../../operations/operation.ts';
import type { ReplyFacts } from '../dialect.ts';
import { scanReply } from '../dialect-body.ts';
import { readUsage } from './usage.ts';

/** Throws `upstream_reply_invalid` when the bytes are no reply of this kind. */
export function inspectReply(_operation: Operation, bytes: Uint8Array): ReplyFacts {
  const scan = scanReply(bytes);
  if (scan.get('output')?.kind !== 'object') throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no 'output'");
  const usage = readUsage(memberJson(scan, 'usage'));
  return usage === undefined ? {} : { usage };
}

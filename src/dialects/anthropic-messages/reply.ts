/* Reads the little that we must know of a whole reply: that it is one, its usage, and who answered. */

import { GatewayError } from '../../base/errors.ts';
import { memberJson, memberString } from '../../base/json-scan.ts';
import type { Operation } from '../../operations/operation.ts';
import type { ReplyFacts } from '../dialect.ts';
import { scanReply } from '../dialect-body.ts';
import { toldError } from './errors.ts';
import { readUsage } from './usage.ts';

/** Throws `upstream_reply_invalid` when the bytes are no reply of this kind, and `upstream_error` when they are an error in a 200's clothes. */
export function inspectReply({ kind }: Operation, bytes: Uint8Array): ReplyFacts {
  const scan = scanReply(bytes);
  if (memberString(scan, 'type') === 'error' || scan.get('error')?.kind === 'object')
    throw toldError('upstream_error', { error: memberJson(scan, 'error') });
  const [name, expected] = kind === 'chat' ? (['content', 'array'] as const) : (['input_tokens', 'number'] as const);
  if (scan.get(name)?.kind !== expected) throw new GatewayError('upstream_reply_invalid', `the upstream's reply has no '${name}'`);
  const usage = readUsage(memberJson(scan, 'usage'));
  const model = memberString(scan, 'model');
  return { ...(usage === undefined ? {} : { usage }), ...(model === undefined ? {} : { model }) };
}

/* Reads the little that we must know of a whole reply: that it is one, its usage, and who answered. */

import { GatewayError } from '../../base/errors.ts';
import { memberJson, memberString } from '../../base/json-scan.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import type { ReplyFacts } from '../dialect.ts';
import { scanReply } from '../dialect-body.ts';
import { ofOperation } from '../dialect-operations.ts';
import { failureOf, isServersFault } from './errors.ts';
import { readUsage } from './usage.ts';

const CONTENT: Readonly<Partial<Record<OperationKind, { readonly name: string; readonly kind: 'array' | 'number' }>>> = {
  chat: { name: 'output', kind: 'array' },
  compact: { name: 'output', kind: 'array' },
  'count-tokens': { name: 'input_tokens', kind: 'number' },
};

/**
 * Throws `upstream_reply_invalid` when the bytes are no reply of this kind, and `upstream_error` for a response that failed where another target may do
 * better. One that failed by the caller's own fault is the answer.
 */
export function inspectReply(operation: Operation, bytes: Uint8Array): ReplyFacts {
  const scan = scanReply(bytes);
  const told = scan.get('error');
  if (told !== undefined && told.kind !== 'null') {
    const failure = failureOf(memberJson(scan, 'error'));
    if (scan.get('output') === undefined || isServersFault(failure))
      throw new GatewayError('upstream_error', failure.message, failure.options);
  }
  const { name, kind } = ofOperation(CONTENT, operation.kind);
  if (scan.get(name)?.kind !== kind) throw new GatewayError('upstream_reply_invalid', `the upstream's reply has no '${name}'`);
  const usage = operation.kind === 'count-tokens' ? undefined : readUsage(memberJson(scan, 'usage'));
  const model = memberString(scan, 'model');
  const facts: { -readonly [K in keyof ReplyFacts]: ReplyFacts[K] } = {};
  if (usage !== undefined) facts.usage = usage;
  if (model !== undefined) facts.model = model;
  return facts;
}

/* Reads the little that we must know of a whole reply: that it is one, its usage, and who answered. */

import { GatewayError } from '../../base/errors.ts';
import { memberJson, memberString } from '../../base/json-scan.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import type { ReplyFacts } from '../dialect.ts';
import { scanReply } from '../dialect-body.ts';
import { ofOperation } from '../dialect-operations.ts';
import { errorFields } from './errors.ts';
import { readUsage } from './usage.ts';

const CONTENT_MEMBER: Readonly<Partial<Record<OperationKind, string>>> = { chat: 'choices', completion: 'choices', embed: 'data' };

/** Throws `upstream_reply_invalid` when the bytes are no reply of this kind, and `upstream_error` when they are an error in a 200's clothes. */
export function inspectReply(operation: Operation, bytes: Uint8Array): ReplyFacts {
  const scan = scanReply(bytes);
  const told = scan.get('error');
  if (told !== undefined && told.kind !== 'null') {
    const fields = errorFields({ error: memberJson(scan, 'error') });
    throw new GatewayError('upstream_error', fields?.message ?? 'the upstream reported an error');
  }
  const content = ofOperation(CONTENT_MEMBER, operation.kind);
  if (scan.get(content)?.kind !== 'array') throw new GatewayError('upstream_reply_invalid', `the upstream's reply has no '${content}'`);
  const usage = readUsage(memberJson(scan, 'usage'));
  const model = memberString(scan, 'model');
  const facts: { -readonly [K in keyof ReplyFacts]: ReplyFacts[K] } = {};
  if (usage !== undefined) facts.usage = usage;
  if (model !== undefined) facts.model = model;
  return facts;
}

/* Reads the little that we must know of a whole reply: that it is one, its usage, and who answered. */

import { GatewayError } from '../../base/errors.ts';
import { type JsonScan, memberJson, memberString } from '../../base/json-scan.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import type { ReplyFacts } from '../dialect.ts';
import { scanReply } from '../dialect-body.ts';
import { isRecord } from '../dialect-errors.ts';
import { ofOperation } from '../dialect-operations.ts';
import { toldError } from './errors.ts';
import { readUsage } from './usage.ts';

/** A prompt that is blocked has feedback in place of candidates. */
const CONTENT_MEMBERS: Readonly<Partial<Record<OperationKind, readonly string[]>>> = {
  chat: ['candidates', 'promptFeedback'],
  'count-tokens': ['totalTokens'],
  embed: ['embedding', 'embeddings'],
};

/** Throws `upstream_reply_invalid` when the bytes are no reply of this kind, and `upstream_error` when they are an error in a 200's clothes. */
export function inspectReply({ kind }: Operation, bytes: Uint8Array): ReplyFacts {
  const scan = scanReply(bytes);
  throwTold(scan);
  const names = ofOperation(CONTENT_MEMBERS, kind);
  // Nothing that is answered leaves even the list out.
  if (!names.some((name) => scan.get(name) !== undefined) && !(kind === 'chat' && scan.get('usageMetadata') !== undefined))
    throw new GatewayError('upstream_reply_invalid', `the upstream's reply has no '${names.join("' or '")}'`);
  const usage = readUsage(memberJson(scan, 'usageMetadata'));
  const model = memberString(scan, 'modelVersion');
  return { ...(usage === undefined ? {} : { usage }), ...(model === undefined ? {} : { model }) };
}

/** The members of a whole reply. Throws as `inspectReply`. */
export function parseReply(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const scan = scanReply(bytes);
  throwTold(scan);
  const reply: unknown = JSON.parse(new TextDecoder().decode(scan.bytes));
  if (!isRecord(reply)) throw new GatewayError('upstream_reply_invalid', "the upstream's reply is no object");
  return reply;
}

function throwTold(scan: JsonScan): void {
  const told = scan.get('error');
  if (told !== undefined && told.kind !== 'null') throw toldError('upstream_error', { error: memberJson(scan, 'error') });
}

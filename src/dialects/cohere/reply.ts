/* Reads the little that we must know of a whole reply that passes as it is. Who answered Cohere does not tell. */

import { GatewayError } from '../../base/errors.ts';
import { memberJson, memberString } from '../../base/json-scan.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import type { ReplyFacts } from '../dialect.ts';
import { scanReply } from '../dialect-body.ts';
import { ofOperation } from '../dialect-operations.ts';
import { toldError } from './errors.ts';
import { isFailure } from './finish.ts';
import { readUsage } from './usage.ts';

interface Place {
  readonly content: string;
  readonly kinds: readonly string[];
  readonly usage: string;
}

const PLACES: Readonly<Partial<Record<OperationKind, Place>>> = {
  chat: { content: 'message', kinds: ['object'], usage: 'usage' },
  rerank: { content: 'results', kinds: ['array'], usage: 'meta' },
  embed: { content: 'embeddings', kinds: ['object', 'array'], usage: 'meta' },
};

/** Throws `upstream_reply_invalid` when the bytes are no reply of this kind, and `upstream_error` when they tell that the answer failed. */
export function inspectReply({ kind }: Operation, bytes: Uint8Array): ReplyFacts {
  const scan = scanReply(bytes);
  const place = ofOperation(PLACES, kind);
  const content = scan.get(place.content)?.kind;
  if (content === undefined || !place.kinds.includes(content)) {
    // Where the answer should be an object, a text is what errors are told in.
    const message = memberString(scan, 'message');
    if (message !== undefined) throw toldError('upstream_error', message);
    throw new GatewayError('upstream_reply_invalid', `the upstream's reply has no '${place.content}'`);
  }
  if (isFailure(memberString(scan, 'finish_reason'))) throw toldError('upstream_error', memberString(scan, 'error'));
  const usage = readUsage(memberJson(scan, place.usage));
  return usage === undefined ? {} : { usage };
}

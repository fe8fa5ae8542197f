/* Whole replies to requests for pictures, texts of recordings, and moderation: that they are some, and what they used. */

import { GatewayError } from '../../../base/errors.ts';
import { type JsonKind, memberJson, memberString } from '../../../base/json-scan.ts';
import type { Operation, OperationKind } from '../../../operations/operation.ts';
import type { Usage } from '../../../operations/usage.ts';
import type { ReplyFacts } from '../../dialect.ts';
import { scanReply } from '../../dialect-body.ts';
import { ofOperation } from '../../dialect-operations.ts';
import { errorFields } from '../errors.ts';
import { readMediaUsage } from './usage.ts';

const CONTENT: Readonly<Partial<Record<OperationKind, readonly [string, JsonKind]>>> = {
  image: ['data', 'array'],
  'image-edit': ['data', 'array'],
  'image-variation': ['data', 'array'],
  transcription: ['text', 'string'],
  translation: ['text', 'string'],
  moderation: ['results', 'array'],
};

const PICTURES: ReadonlySet<OperationKind> = new Set<OperationKind>(['image', 'image-edit', 'image-variation']);

/** Throws `upstream_reply_invalid` when the bytes are no reply of this kind, and `upstream_error` when they are an error in a 200's clothes. */
export function inspectMediaReply(operation: Operation, bytes: Uint8Array): ReplyFacts {
  const scan = scanReply(bytes);
  const told = scan.get('error');
  if (told !== undefined && told.kind !== 'null')
    throw new GatewayError(
      'upstream_error',
      errorFields({ error: memberJson(scan, 'error') })?.message ?? 'the upstream reported an error',
    );
  const [name, kind] = ofOperation(CONTENT, operation.kind);
  if (scan.get(name)?.kind !== kind) throw new GatewayError('upstream_reply_invalid', `the upstream's reply has no '${name}'`);
  const usage = withPictures(readMediaUsage(memberJson(scan, 'usage')), operation);
  const model = memberString(scan, 'model');
  return { ...(usage === undefined ? {} : { usage }), ...(model === undefined ? {} : { model }) };
}

/** Older models tell no usage: they are paid by the picture. */
export function withPictures(usage: Usage | undefined, { kind, results = 1 }: Pick<Operation, 'kind' | 'results'>): Usage | undefined {
  return PICTURES.has(kind) ? { ...usage, images: results } : usage;
}

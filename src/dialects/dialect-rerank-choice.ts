/*
 * `POST /v1/rerank` has two kinds of callers that the body tells apart: Voyage's, who ask for `top_k` or say something of `truncation` alone, and everybody
 * else's. Each is read and answered in its own words, and passes as it is to a target that speaks them.
 */

import type { JsonScan } from '../base/json-scan.ts';
import type { CallerDialect, Dialect } from './dialect.ts';
import { scanBody } from './dialect-body.ts';

export interface RerankChoice {
  readonly name: string;
  readonly usual: Dialect;
  /** Those whose requests have one of `marks`, and none of `others`. */
  readonly marked: Dialect;
  readonly marks: readonly string[];
  readonly others: readonly string[];
}

export function createRerankChoice({ name, usual, marked, marks, others }: RerankChoice): CallerDialect {
  const isMarked = (scan: JsonScan): boolean =>
    marks.some((field) => scan.get(field) !== undefined) && !others.some((field) => scan.get(field) !== undefined);
  return {
    name,
    encodeError: usual.encodeError,
    errorSchema: usual.errorSchema,
    decode: (kind, bytes, hints) => (isMarked(scanBody(bytes)) ? marked : usual).decode(kind, bytes, hints),
  };
}

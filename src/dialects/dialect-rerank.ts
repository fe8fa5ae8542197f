/* Reranking as all dialects have it: a query, documents in a list, and an answer that names them by their place in it. */

import { GatewayError } from '../base/errors.ts';
import type { RerankDocument, RerankReply, RerankRequest } from '../operations/rerank.ts';
import { isRecord } from './dialect-errors.ts';
import type { FieldReader } from './dialect-reader.ts';

type Result = RerankReply['results'][number];

/** The documents under a name: texts, or objects with a text. Throws `request_invalid`. */
export function readDocuments(body: FieldReader, name: string, rankFields?: readonly string[]): readonly RerankDocument[] {
  const list = body.array(name) ?? [];
  if (list.length === 0) throw body.wrong(name, 'an array with at least one document');
  return list.map((given: unknown, index) => {
    if (typeof given === 'string') return { text: given };
    const text = isRecord(given) ? textOf(given, rankFields) : undefined;
    if (text === undefined) throw body.wrong(`${name}[${index}]`, 'a text, or an object with a text');
    return { text, given };
  });
}

/** Of several fields, each on a line of its own with its name, as Cohere's first rerankers read them. */
function textOf(given: Readonly<Record<string, unknown>>, rankFields: readonly string[] | undefined): string | undefined {
  if (rankFields === undefined || rankFields.length === 0) return typeof given['text'] === 'string' ? given['text'] : undefined;
  const lines = rankFields.flatMap((name) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [`${name}: ${value}`] : [];
  });
  return lines.length === 0 ? undefined : lines.join('\n');
}

/** How many are wanted: at most as many as there are documents. */
export function readTop(body: FieldReader, name: string, documents: readonly unknown[]): { readonly top?: number } {
  const top = body.integer(name);
  if (top === undefined) return {};
  if (top < 1) throw body.wrong(name, 'a whole number of at least 1');
  return { top: Math.min(top, documents.length) };
}

export function textsOf({ documents }: RerankRequest): readonly string[] {
  return documents.map(({ text }) => text);
}

/** A target's results; throws `upstream_reply_invalid` where they are none. */
export function readResults(list: unknown, scoreName: string): readonly Result[] {
  if (!Array.isArray(list)) throw invalidReply('no list of results');
  return list.map((row: unknown) => {
    const index = isRecord(row) ? row['index'] : undefined;
    const score = isRecord(row) ? row[scoreName] : undefined;
    if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0 || typeof score !== 'number')
      throw invalidReply('a result that is none');
    return { index, score };
  });
}

/**
 * The results that the caller wants, the best first: not every server sorts them or knows how many are wanted. Throws `upstream_reply_invalid` for one that
 * is about no document of the request.
 */
export function wantedResults({ results }: RerankReply, { documents, top }: RerankRequest): readonly Result[] {
  if (results.some(({ index }) => index >= documents.length)) throw invalidReply('a result for a document that it was not given');
  return results.toSorted((a, b) => b.score - a.score).slice(0, top);
}

/** A document as a reply repeats it in an object: the caller's own where it gave one. */
export function documentOf({ documents }: RerankRequest, index: number): unknown {
  const document = documents[index];
  return document?.given ?? { text: document?.text };
}

export function invalidReply(what: string): GatewayError {
  return new GatewayError('upstream_reply_invalid', `the upstream's reply has ${what}`);
}

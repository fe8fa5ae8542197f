/*
 * Dialects of embedding and reranking alone: every answer is whole, and errors come in any of the shapes that servers in Python and Rust write.
 */

import { GatewayError } from '../base/errors.ts';
import type { JsonScan } from '../base/json-scan.ts';
import { memberJson, memberString } from '../base/json-scan.ts';
import { editMembers } from '../base/json-splice.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import type { Operation, OperationKind } from '../operations/operation.ts';
import type { Dialect, ReplyFacts } from './dialect.ts';
import { scanBody, scanReply } from './dialect-body.ts';
import { readTokens } from './dialect-embed.ts';
import { classifyUpstreamError, isRecord, parseErrorBody, toldMessage, type UpstreamErrorFields } from './dialect-errors.ts';
import { EVENT_STREAM } from './dialect-events.ts';
import { checkModel, createFieldCheck, type FieldRule, firstInside, invalid } from './dialect-request.ts';

const decoder = new TextDecoder();

/** What of a request must be there, for the gateway to know what is asked; the rest is between the caller and the target. */
export interface WholeRules {
  readonly rules: readonly FieldRule[];
  /** The list that must hold something. */
  readonly list: string;
}

export interface WholeRequest {
  readonly kind: OperationKind;
  readonly dialect: string;
  /** The model's name where the body gives none; absent: it must. */
  readonly modelDefault?: string;
}

export const MODEL_RULE: FieldRule = { name: 'model', kinds: ['string'], required: true, expected: 'a string' };

/** The fields of a rerank request that all dialects check. */
export function rerankRules(list: string, top?: string): WholeRules {
  return {
    list,
    rules: [
      { name: 'query', kinds: ['string'], required: true, expected: 'a string' },
      { name: list, kinds: ['array'], required: true, expected: 'an array of documents' },
      ...(top === undefined ? [] : [{ name: top, kinds: ['number', 'null'], expected: 'a whole number' } as const]),
    ],
  };
}

export function embedRules(list: string): WholeRules {
  return { list, rules: [{ name: list, kinds: ['string', 'array'], required: true, expected: 'a string or an array' }] };
}

/** Makes the decoder of a dialect's requests: throws `json_invalid` or `request_invalid`. */
export function createWholeDecoder(
  tables: Readonly<Record<string, WholeRules>>,
  { modelRequired }: { readonly modelRequired: boolean },
): (bytes: Uint8Array, request: WholeRequest) => Operation {
  const model: FieldRule = modelRequired ? MODEL_RULE : { ...MODEL_RULE, required: false, kinds: ['string', 'null'] };
  const rows = Object.entries(tables).map(
    ([kind, { rules, list }]) => [kind, { check: createFieldCheck([model, ...rules]), list }] as const,
  );
  const byKind = new Map<string, (typeof rows)[number][1]>(rows);
  return (bytes, { kind, dialect, modelDefault }) => {
    const row = byKind.get(kind);
    if (row === undefined) throw new Error(`the dialect '${dialect}' has no operation '${kind}'`);
    const scan = scanBody(bytes);
    row.check(scan);
    const { list } = row;
    if (scan.get(list)?.kind === 'array' && firstInside(scan, list) === '') throw invalid(list, `'${list}' must hold at least one text`);
    const named = checkModel(memberString(scan, 'model') ?? modelDefault ?? '');
    return wholeOperation(scan, { kind, dialect, model: named });
  };
}

/** Usage and model of a reply that passes as it is; `content` is where its results are. Throws as `parseWhole`. */
export function inspectWhole(bytes: Uint8Array, content: string): ReplyFacts {
  const scan = scanReply(bytes);
  const told = scan.get('error');
  if (told !== undefined && told.kind !== 'null')
    throw new GatewayError('upstream_error', anyFields({ error: memberJson(scan, 'error') })?.message ?? 'the upstream reported an error');
  if (scan.get(content)?.kind !== 'array') throw new GatewayError('upstream_reply_invalid', `the upstream's reply has no '${content}'`);
  const usage = readTokens(memberJson(scan, 'usage'));
  const model = memberString(scan, 'model');
  return { ...(usage === undefined ? {} : { usage }), ...(model === undefined ? {} : { model }) };
}

/** An operation that has nothing but a whole answer, and the same one again for the same question. */
export function wholeOperation(scan: JsonScan, asked: Pick<Operation, 'kind' | 'dialect' | 'model'>): Operation {
  const { model } = asked;
  return {
    ...asked,
    stream: false,
    usageWanted: false,
    deterministic: true,
    bytes: scan.bytes,
    encode: (target) => (target === model ? scan.bytes : editMembers(scan, { model: JSON.stringify(target) })),
  };
}

/** The object of a whole reply. Throws `upstream_reply_invalid`, and `upstream_error` for an error in a 200's clothes. */
export function parseWhole(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  scanReply(bytes);
  const body: unknown = JSON.parse(decoder.decode(bytes));
  if (!isRecord(body)) throw new GatewayError('upstream_reply_invalid', "the upstream's reply is no object");
  if (body['error'] !== undefined && body['error'] !== null)
    throw new GatewayError('upstream_error', anyFields(body)?.message ?? 'the upstream reported an error');
  return body;
}

/** `{"error": {"message"}}`, `{"error": "text"}`, `{"message": "text"}`, and FastAPI's `{"detail": "text"}` or a list of fields. */
export function anyFields(parsed: Readonly<Record<string, unknown>> | undefined): UpstreamErrorFields | undefined {
  if (parsed === undefined) return undefined;
  const { error, detail } = parsed;
  const inner = isRecord(error) ? error : parsed;
  const [first] = Array.isArray(detail) ? (detail as readonly unknown[]) : [detail];
  const told = [inner['message'], error, isRecord(first) ? first['msg'] : first].find((text) => typeof text === 'string');
  return { message: toldMessage(told), type: inner['type'] ?? parsed['error_type'], code: inner['code'], param: inner['param'] };
}

/** What an error reply means; an account that is empty is the gateway's, and not the caller's fault. */
export function classifyAny(status: number, headers: ReadableHeaders, bytes: Uint8Array): GatewayError {
  return classifyUpstreamError(status === PAYMENT_REQUIRED ? FORBIDDEN : status, headers, anyFields(parseErrorBody(bytes)));
}

const PAYMENT_REQUIRED = 402;
const FORBIDDEN = 403;

/** The parts of a dialect that only streams need. Routes and providers of these dialects name no operation that has one. */
export const WITHOUT_STREAMS: Pick<Dialect, 'streamType' | 'createMeter' | 'encodeStreamError' | 'ping'> = {
  streamType: () => EVENT_STREAM,
  createMeter() {
    throw new Error('the dialect has no streams');
  },
  encodeStreamError() {
    throw new Error('the dialect has no streams');
  },
  ping: new Uint8Array(0),
};

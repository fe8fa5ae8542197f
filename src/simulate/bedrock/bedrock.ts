/*
 * Bedrock Runtime: `/model/{modelId}/{operation}`. A model's id may be an ARN, with its slashes escaped. Requests are signed with the key
 * pair of signature.ts, or bear an API key.
 */
import { wholeReply } from '../delivery.ts';
import { failureReply, insteadOfAnswer } from '../failures.ts';
import type { JsonObject } from '../json-instance.ts';
import { textOf } from '../request-text.ts';
import { type AskedModel, askedModel, isServed, type Visit } from '../visit.ts';
import { bytesAt, objectAt, parseBody, refuse } from './check.ts';
import { converse, converseStream } from './converse.ts';
import { BEDROCK_WORDS, requestId } from './failure-words.ts';
import { invoke, invokeStream, readInvoke } from './invoke.ts';
import { readConverse } from './request.ts';
import { checkSignature } from './signature.ts';

type Operation = (body: JsonObject, visit: Visit, asked: AskedModel) => Promise<Response>;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  converse,
  'converse-stream': converseStream,
  invoke,
  'invoke-with-response-stream': invokeStream,
  'count-tokens': countTokens,
};

const PATH = /^\/model\/(.+)\/([a-z-]+)$/;

/** Any method, below `/model`. Throws RequestRefused; rejects when the client leaves. */
export async function bedrock(visit: Visit): Promise<Response> {
  const [, id = '', name = ''] = PATH.exec(visit.path) ?? [];
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (operation === undefined || visit.request.method !== 'POST') {
    return failureReply(
      { status: 404, message: 'Unable to determine service/operation name to be authorized', code: 'UnknownOperationException' },
      visit,
    );
  }
  const bytes = await visit.request.bytes();
  const text = textOf(bytes, visit);
  checkSignature(visit, bytes);
  const asked = askedModel(visit, decoded(id));
  if (!isServed(visit.world.options, asked.name)) refuse('The provided model identifier is invalid.');
  return operation(parseBody(text), visit, asked);
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    // No valid escape: a name that nobody has.
    return id;
  }
}

/** `POST /model/{id}/count-tokens`, of a request to Converse or to InvokeModel. Throws RequestRefused. */
async function countTokens(body: JsonObject, visit: Visit, { faults }: AskedModel): Promise<Response> {
  const input = objectAt(body, 'input') ?? {};
  const invoked = objectAt(input, 'invokeModel');
  const asked = objectAt(input, 'converse');
  if ((invoked === undefined) === (asked === undefined)) refuse('The input must set one of the following keys: converse, invokeModel.');
  const { promptTokens } =
    invoked === undefined
      ? readConverse(asked ?? {})
      : readInvoke(parseBody(Buffer.from(bytesAt(invoked, 'body') ?? '', 'base64').toString()));
  const failed = await insteadOfAnswer(faults, visit, promptTokens);
  if (failed !== undefined) return failed;
  const headers = { 'content-type': 'application/json', 'x-amzn-requestid': requestId(String(promptTokens)) };
  const failure = BEDROCK_WORDS.body(BEDROCK_WORDS.inBand);
  return wholeReply({ headers, seed: 1, tokenCount: 0, body: JSON.stringify({ inputTokens: promptTokens }), failure }, faults, visit);
}

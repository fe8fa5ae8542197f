/** `:countTokens`. */
import { wholeReply } from '../delivery.ts';
import { insteadOfAnswer } from '../failures.ts';
import { isObject } from '../json-instance.ts';
import { askModel, type GeminiCall } from './call.ts';
import { hear } from './conversation.ts';
import { FAILURE_BODY, GEMINI_JSON_HEADERS, jsonText } from './generate.ts';
import { readProto, refuseGemini } from './proto.ts';
import { promptDetails } from './reply.ts';

/** Throws RequestRefused. */
export async function countTokens(call: GeminiCall, given: unknown): Promise<Response> {
  const { visit, isVertex } = call;
  const { faults } = askModel(call);
  const body = readProto('CountTokensRequest', given);
  const whole = body['generateContentRequest'];
  if (isObject(whole) && body['contents'] !== undefined) {
    refuseGemini('Only one of generate_content_request and contents can be set.');
  }
  const heard = isObject(whole) ? hear(whole, 'CountTokensRequest.generate_content_request') : hear(body, 'CountTokensRequest');
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;

  const totalTokens = [...heard.media.values()].reduce((total, tokens) => total + tokens, heard.textTokens);
  const billable = isVertex ? { totalBillableCharacters: heard.conversation.replaceAll(/\s/g, '').length } : {};
  const value = { totalTokens, ...billable, promptTokensDetails: promptDetails({ heard, cachedTokens: 0 }) };
  return wholeReply({ headers: GEMINI_JSON_HEADERS, seed: 1, tokenCount: 0, body: jsonText(value), failure: FAILURE_BODY }, faults, visit);
}

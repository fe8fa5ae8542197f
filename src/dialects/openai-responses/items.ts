/* The items that an answer is told in, as the API has them: whole ones, and their beginnings in a stream. */

import type { Citation, ImagePart, Signature, TokenLogProbability } from '../../operations/chat.ts';
import { writeCitation } from './citations.ts';
import type { AnswerIds } from './ids.ts';
import { callSignatureContent, sealOf, summaryOf } from './thoughts.ts';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export interface TextContent {
  readonly type: 'output_text';
  readonly annotations: readonly unknown[];
  readonly logprobs: readonly unknown[];
  readonly text: string;
}

export interface RefusalContent {
  readonly type: 'refusal';
  readonly refusal: string;
}

export function textContent(text: string, citations: readonly Citation[], tokens: readonly TokenLogProbability[]): TextContent {
  return {
    type: 'output_text',
    annotations: citations.map((citation) => writeCitation(citation, text)),
    logprobs: writeLogProbabilities(tokens),
    text,
  };
}

export function writeLogProbabilities(tokens: readonly TokenLogProbability[]): unknown[] {
  const row = ({ token, logProbability, bytes }: Omit<TokenLogProbability, 'top'>) => ({
    token,
    ...(bytes === undefined ? {} : { bytes }),
    logprob: logProbability,
  });
  return tokens.map((each) => ({ ...row(each), top_logprobs: each.top.map(row) }));
}

export function messageItem(id: string, status: ItemStatus, content: readonly (TextContent | RefusalContent)[]): Record<string, unknown> {
  return { id, type: 'message', status, role: 'assistant', content };
}

export function reasoningItem(id: string, text: string, signature: Signature | undefined): Record<string, unknown> {
  const seal = sealOf(signature);
  return { id: seal.id ?? id, type: 'reasoning', summary: summaryOf(text), ...contentOf(seal) };
}

function contentOf({ encrypted_content: content }: ReturnType<typeof sealOf>): object {
  return content === undefined ? {} : { encrypted_content: content };
}

export interface CallWords {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  readonly custom?: true | undefined;
}

export function callItem(id: string, status: ItemStatus, call: CallWords): Record<string, unknown> {
  const { id: callId, name, arguments: text } = call;
  return call.custom === true
    ? { id, type: 'custom_tool_call', status, call_id: callId, name, input: text }
    : { id, type: 'function_call', status, arguments: text, call_id: callId, name };
}

/** The item that carries a call's foreign signature, before the call; undefined where there is none to carry. */
export function callSignatureItem(signature: Signature | undefined, ids: AnswerIds): Record<string, unknown> | undefined {
  const content = callSignatureContent(signature);
  return content === undefined ? undefined : { id: ids.next('rs'), type: 'reasoning', summary: [], encrypted_content: content };
}

/** An image that the model made. One that is elsewhere is told by a text: this API has images as data alone. */
export function imageItem({ source }: Pick<ImagePart, 'source'>, id: string): Record<string, unknown> | undefined {
  if (source.kind !== 'data') return undefined;
  return {
    id,
    type: 'image_generation_call',
    status: 'completed',
    result: source.base64,
    output_format: source.media.replace(/^image\//, ''),
  };
}

export function imageLink({ source }: Pick<ImagePart, 'source'>): string {
  return source.kind === 'url' ? `![image](${source.url})` : '';
}

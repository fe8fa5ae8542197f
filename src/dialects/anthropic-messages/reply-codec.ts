/* Whole replies, both ways. */

import { GatewayError } from '../../base/errors.ts';
import type { ChatPart, ChatReply } from '../../operations/chat.ts';
import { scanReply } from '../dialect-body.ts';
import type { EncodeFacts, TokenCount } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { decodeAnswerBlock } from './block-decode.ts';
import { toolInput } from './block-encode.ts';
import { encodeCitation } from './citations.ts';
import { toldError } from './errors.ts';
import { decodeFinish, encodeFinish, stopDetails } from './finish.ts';
import { type Block, joinCallSignatures, writeCallSignature, writeThought } from './thoughts.ts';
import { validToolId } from './tool-ids.ts';
import { readUsage, writeUsage } from './usage.ts';

const decoder = new TextDecoder();

/** Client side. Throws `upstream_reply_invalid`, or `upstream_error` for an error in a 200's clothes. */
export function decodeReply(bytes: Uint8Array): ChatReply {
  const reply = parseReply(bytes);
  const { content, id, model, stop_reason: reason, stop_sequence: stopSequence } = reply;
  if (!Array.isArray(content)) throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no 'content'");
  const usage = readUsage(reply['usage']);
  const tier = isRecord(reply['usage']) ? reply['usage']['service_tier'] : undefined;
  return {
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof model === 'string' ? { model } : {}),
    choices: [
      {
        parts: joinCallSignatures<ChatPart>(content.flatMap((block: unknown) => decodeAnswerBlock(block) ?? [])),
        finish: decodeFinish(reason),
        ...(typeof stopSequence === 'string' ? { stopSequence } : {}),
      },
    ],
    ...(usage === undefined ? {} : { usage }),
    ...(typeof tier === 'string' ? { serviceTier: decodeTier(tier) } : {}),
  };
}

/** Client side, of a count. */
export function decodeCount(bytes: Uint8Array): TokenCount {
  const inputTokens = parseReply(bytes)['input_tokens'];
  if (typeof inputTokens !== 'number') throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no 'input_tokens'");
  return { inputTokens };
}

function parseReply(bytes: Uint8Array): Block {
  const reply: unknown = JSON.parse(decoder.decode(scanReply(bytes).bytes));
  if (!isRecord(reply)) throw new GatewayError('upstream_reply_invalid', "the upstream's reply is no object");
  if (reply['type'] === 'error' || isRecord(reply['error'])) throw toldError('upstream_error', reply);
  return reply;
}

/** Server side. */
export function encodeReply(reply: ChatReply, facts: EncodeFacts): string {
  const [choice] = reply.choices;
  const parts = choice?.parts ?? [];
  const reason = encodeFinish(
    choice?.finish ?? 'other',
    parts.some(({ kind }) => kind === 'tool-call'),
  );
  return JSON.stringify({
    id: messageId(reply.id, facts),
    type: 'message',
    role: 'assistant',
    model: reply.model ?? facts.model,
    content: parts.flatMap(answerBlocks),
    stop_reason: reason,
    stop_sequence: choice?.stopSequence ?? null,
    stop_details: stopDetails(reason),
    usage: { ...writeUsage(reply.usage), ...(reply.serviceTier === undefined ? {} : { service_tier: encodeTier(reply.serviceTier) }) },
  });
}

/** The target's own, where it is one of this dialect's. */
export function messageId(id: string | undefined, facts: EncodeFacts): string {
  return id?.startsWith('msg_') === true ? id : `msg_${facts.id}`;
}

/** Most parts are one block; a call with a signature is two. */
function answerBlocks(part: ChatPart): readonly Block[] {
  switch (part.kind) {
    case 'text': {
      const citations = part.citations?.flatMap((citation) => encodeCitation(citation) ?? []) ?? [];
      // Left out where there are none, as the vendor does: some clients take no null there.
      return [{ type: 'text', text: part.text, ...(citations.length === 0 ? {} : { citations }) }];
    }
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'reasoning':
      return [writeThought(part)];
    case 'tool-call': {
      const id = validToolId(part.id);
      const call = { type: 'tool_use', id, name: part.name, input: toolInput(part) };
      return part.signature === undefined ? [call] : [writeCallSignature(part.signature, id), call];
    }
    case 'native':
      return isRecord(part.value) ? [part.value] : [];
    default:
      // Declared as beyond this dialect, so it does not come here.
      return [];
  }
}

/** What others call the default tier is the vendor's standard. */
function decodeTier(tier: string): string {
  return tier === 'standard' ? 'default' : tier;
}

function encodeTier(tier: string): string {
  return tier === 'default' ? 'standard' : tier;
}

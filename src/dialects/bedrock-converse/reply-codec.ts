/* Whole replies, both ways. */

import { GatewayError } from '../../base/errors.ts';
import type { ChatPart, ChatReply } from '../../operations/chat.ts';
import { scanReply } from '../dialect-body.ts';
import type { EncodeFacts } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import type { Block } from './block.ts';
import { decodeAnswerBlock } from './block-decode.ts';
import { toolInput } from './block-encode.ts';
import { encodeCitation } from './citations.ts';
import { decodeFinish, encodeFinish } from './finish.ts';
import { encodeSource, formatOf } from './media.ts';
import { callSignatureBlocks, joinCallSignatures, writeThought } from './thoughts.ts';
import { readUsage, writeUsage } from './usage.ts';

const decoder = new TextDecoder();

/** Client side. Throws `upstream_reply_invalid`. */
export function decodeReply(bytes: Uint8Array): ChatReply {
  const reply: unknown = JSON.parse(decoder.decode(scanReply(bytes).bytes));
  const output = isRecord(reply) ? reply['output'] : undefined;
  const message = isRecord(output) ? output['message'] : undefined;
  if (!isRecord(reply) || !isRecord(message) || !Array.isArray(message['content']))
    throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no 'output.message.content'");
  const usage = readUsage(reply['usage']);
  const stopSequence = readStopSequence(reply);
  const tier = isRecord(reply['serviceTier']) ? reply['serviceTier']['type'] : undefined;
  return {
    choices: [
      {
        parts: joinCallSignatures<ChatPart>(message['content'].flatMap((block: unknown) => decodeAnswerBlock(block) ?? [])),
        finish: decodeFinish(reply['stopReason']),
        ...(stopSequence === undefined ? {} : { stopSequence }),
      },
    ],
    ...(usage === undefined ? {} : { usage }),
    ...(typeof tier === 'string' ? { serviceTier: tier } : {}),
  };
}

/** Of a reply, or of the event that ends a stream: told by models that were asked for it. */
export function readStopSequence({ additionalModelResponseFields: fields }: Block): string | undefined {
  const text = isRecord(fields) ? fields['stop_sequence'] : undefined;
  return typeof text === 'string' ? text : undefined;
}

export function writeStopSequence(text: string | undefined): Block {
  return text === undefined ? {} : { additionalModelResponseFields: { stop_sequence: text } };
}

/** Server side. */
export function encodeReply({ choices: [choice], usage, serviceTier }: ChatReply, facts: EncodeFacts): string {
  const parts = choice?.parts ?? [];
  const hasCalls = parts.some(({ kind }) => kind === 'tool-call');
  return JSON.stringify({
    metrics: { latencyMs: facts.elapsedMs?.() ?? 0 },
    output: { message: { content: parts.flatMap(answerBlocks), role: 'assistant' } },
    ...(serviceTier === undefined ? {} : { serviceTier: { type: serviceTier } }),
    stopReason: encodeFinish(choice?.finish ?? 'other', hasCalls),
    ...writeStopSequence(choice?.stopSequence),
    usage: writeUsage(usage),
  });
}

/** Most parts are one block; a call with a signature is two. */
export function answerBlocks(part: ChatPart): readonly Block[] {
  switch (part.kind) {
    case 'text': {
      const { text, citations } = part;
      if (citations === undefined || citations.length === 0) return [{ text }];
      return [{ citationsContent: { content: [{ text }], citations: citations.map((citation) => encodeCitation(citation)) } }];
    }
    case 'refusal':
      return [{ text: part.text }];
    case 'reasoning':
      return [{ reasoningContent: writeThought(part) }];
    case 'tool-call': {
      const call = { toolUse: { toolUseId: part.id, name: part.name, input: toolInput(part) } };
      return [...callSignatureBlocks(part.signature, part.id), call];
    }
    case 'image':
      if (part.source.kind === 'url') return [{ text: `![](${part.source.url})` }];
      return [{ image: { format: formatOf('image', part.source), source: encodeSource(part.source) } }];
    case 'native':
      return isRecord(part.value) ? [part.value] : [];
    default:
      // Declared as beyond this dialect, so it does not come here.
      return [];
  }
}

/* A part in this dialect's words, on either side. */

import type { ChatPart } from '../../operations/chat.ts';
import { resultParts, writeArguments, writeResponse } from './calls.ts';
import { type Fields, fieldsOf } from './fields.ts';
import { isMedia, writeMedia } from './media.ts';
import { writeOwnSignature, writeThought } from './thoughts.ts';

export interface PartWriter {
  /** Names of functions, by the ids of their calls: results are known by them. */
  readonly names: ReadonlyMap<string, string>;
  /** Pictures and files may stand in a result; else they stand beside it. */
  readonly resultMedia: boolean;
}

/** In an answer there are no results. */
export const ANSWER: PartWriter = { names: new Map(), resultMedia: false };

/** Mostly one part; none for what says nothing. */
export function encodePart(part: ChatPart, writer: PartWriter): readonly Fields[] {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'reasoning':
      return [writeThought(part)];
    case 'tool-call':
      return [
        {
          functionCall: { id: part.id, name: part.name, args: writeArguments(part.arguments, part.custom) },
          ...writeOwnSignature(part.signature),
        },
      ];
    case 'tool-result':
      return encodeResult(part, writer);
    case 'native': {
      const value = fieldsOf(part.value);
      return value === undefined ? [] : [value];
    }
    case 'audio':
      return [writeMedia(part), ...(part.transcript === undefined || part.transcript === '' ? [] : [{ text: part.transcript }])];
    default:
      return [writeMedia(part)];
  }
}

function encodeResult(part: ChatPart & { readonly kind: 'tool-result' }, writer: PartWriter): readonly Fields[] {
  const { text, others } = resultParts(part);
  const inside = writer.resultMedia ? others.filter((other) => isMedia(other) && other.source.kind === 'data') : [];
  const beside = others.filter((other) => !inside.includes(other));
  const response = {
    id: part.callId,
    name: part.name ?? writer.names.get(part.callId) ?? part.callId,
    response: writeResponse(text, part.failed === true),
    ...(inside.length === 0 ? {} : { parts: inside.flatMap((other) => encodePart(other, writer)) }),
  };
  return [{ functionResponse: response }, ...beside.flatMap((other) => encodePart(other, writer))];
}

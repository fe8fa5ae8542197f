/* A part of a content in our words, on either side. What has no word there stays as it stood. Source: ai.google.dev/api/caching#Part. */

import type { ChatPart } from '../../operations/chat.ts';
import { invalid } from '../dialect-request.ts';
import type { CallIds } from './calls.ts';
import { readCall, readResponse } from './calls.ts';
import { GEMINI } from './dialect-name.ts';
import { type Fields, fieldsOf, listOf, textOf } from './fields.ts';
import { readFile, readInline } from './media.ts';
import { readCallSignature, readSealed, readThought, type Side } from './thoughts.ts';
import type { Unread } from './unread.ts';

/** Beside the data of a part. */
const BESIDE: ReadonlySet<string> = new Set(['thought', 'thoughtSignature']);

export interface PartReader {
  readonly side: Side;
  /** Gives a call its id. */
  callId(call: { readonly id: string | undefined; readonly name: string; readonly arguments: string }): string;
  /** Absent in answers, which hold no results. */
  readonly ids?: CallIds;
  /** Absent in answers: nobody is told there. */
  readonly unread?: Unread;
}

/**
 * One part, or two: a signature that stands on what is no thought follows it as one. None where a part says nothing. Throws `request_invalid` for a part
 * that is none; `param`: where it stands.
 */
export function decodePart(value: unknown, param: string, reader: PartReader): readonly ChatPart[] {
  const part = fieldsOf(value);
  if (part === undefined) throw invalid(param, `'${param}' must be an object`);
  const { text, thoughtSignature } = part;
  if ('functionCall' in part) return [decodeCall(part, reader)];
  if ('functionResponse' in part && reader.ids !== undefined) return [decodeResult(part, param, reader)];
  if (typeof text === 'string') {
    reader.unread?.note(part, TEXT_FIELDS, PART);
    if (part['thought'] === true) return [readThought(text, thoughtSignature, reader.side)];
    const proof = readSealed(thoughtSignature, reader.side);
    return text === '' ? proof : [{ kind: 'text', text }, ...proof];
  }
  const name = 'inlineData' in part ? 'inlineData' : 'fileData';
  const media = name === 'inlineData' ? readInline(part[name]) : readFile(part[name]);
  if (media !== undefined) {
    reader.unread?.note(part, name === 'inlineData' ? INLINE_FIELDS : FILE_FIELDS, PART);
    return [media, ...readSealed(thoughtSignature, reader.side)];
  }
  if (Object.keys(part).every((field) => BESIDE.has(field))) return readSealed(thoughtSignature, reader.side);
  return [{ kind: 'native', dialect: GEMINI, value }];
}

const PART = 'contents[].parts[]';
const TEXT_FIELDS: ReadonlySet<string> = new Set(['text', ...BESIDE]);
const INLINE_FIELDS: ReadonlySet<string> = new Set(['inlineData', ...BESIDE]);
const FILE_FIELDS: ReadonlySet<string> = new Set(['fileData', ...BESIDE]);
const CALL_FIELDS: ReadonlySet<string> = new Set(['id', 'name', 'args']);
const RESPONSE_FIELDS: ReadonlySet<string> = new Set(['id', 'name', 'response', 'parts']);

function decodeCall(part: Fields, reader: PartReader): ChatPart {
  const call = readCall(part['functionCall']) ?? { id: undefined, name: '', arguments: '{}' };
  reader.unread?.note(fieldsOf(part['functionCall']) ?? {}, CALL_FIELDS, `${PART}.functionCall`);
  const signature = readCallSignature(part['thoughtSignature'], reader.side);
  return {
    kind: 'tool-call',
    id: reader.callId(call),
    name: call.name,
    arguments: call.arguments,
    ...(signature === undefined ? {} : { signature }),
  };
}

function decodeResult(part: Fields, param: string, reader: PartReader): ChatPart {
  const told = fieldsOf(part['functionResponse']) ?? {};
  reader.unread?.note(told, RESPONSE_FIELDS, `${PART}.functionResponse`);
  const [name, id] = [textOf(told['name']) ?? '', textOf(told['id'])];
  const { text, failed } = readResponse(told['response']);
  const others = listOf(told['parts']).flatMap((inner, index) => decodePart(inner, `${param}.functionResponse.parts[${index}]`, reader));
  return {
    kind: 'tool-result',
    callId: reader.ids?.ofResult({ id: id === '' ? undefined : id, name }) ?? '',
    ...(name === '' ? {} : { name }),
    parts: [{ kind: 'text', text }, ...others],
    ...(failed === undefined ? {} : { failed }),
  };
}

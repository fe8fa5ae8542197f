/* The laws of codecs, for this dialect. What its requests and answers may change of a chat without changing what it says is in the two normal forms. */
import fc from 'fast-check';
import { codecLaws } from '../../../test/dialects/codec-laws.ts';
import { eachParts, mergeTurns } from '../../../test/dialects/normal-chat.ts';
import type { ChatChoice, ChatPart, ChatRequest, ChatTool, FinishReason } from '../../operations/chat.ts';
import { readSignature } from '../dialect-signature.ts';
import { openaiResponses } from './openai-responses.ts';

/** A vendor seals thoughts, and no calls. A file that need not be cited is a file. An id that was made up for an item is no part of what it says. */
function plain(parts: readonly ChatPart[]): readonly ChatPart[] {
  return parts.flatMap((part): ChatPart[] => {
    if (part.kind === 'tool-call') {
      const { signature: _signature, ...call } = part;
      return [call];
    }
    if (part.kind === 'tool-result') return [{ ...part, parts: plain(part.parts) }];
    if (part.kind === 'file' && part.citable === false) {
      const { citable: _citable, ...file } = part;
      return [file];
    }
    if (part.kind !== 'reasoning') return [part];
    const { id: _id, ...thought } = part;
    if (thought.signature === undefined) return [thought];
    const value = thought.signature.value.replace(/^rs_[\w-]+:/, '');
    return readSignature(value, 'openai-responses').value.startsWith('call:')
      ? []
      : [{ ...thought, signature: { ...thought.signature, value } }];
  });
}

/** Not to say whether a tool is strict is to say that it is not. */
function unstrict(tool: ChatTool): ChatTool {
  if (tool.kind !== 'function' || tool.strict !== false) return tool;
  const { strict: _strict, ...rest } = tool;
  return rest;
}

/** Of the ends that are not the vendor's own there are two; a refusal without words is the filter's. */
function finished({ finish, parts }: ChatChoice): FinishReason {
  if (finish === 'context-length') return 'length';
  if (finish === 'refusal' && !parts.some(({ kind }) => kind === 'refusal')) return 'content-filter';
  return ['stop', 'stop-sequence', 'pause', 'other', 'refusal'].includes(finish) ? 'stop' : finish;
}

const turns = mergeTurns(['assistant']);

codecLaws(openaiResponses, {
  choicesMax: 1,
  nativeParts: fc.constantFrom<unknown>({ type: 'input_smell', smell: 'smoke' }),
  nativeTools: fc.constantFrom({ name: 'web_search', value: { type: 'web_search', search_context_size: 'low' } }),
  request: (request): ChatRequest => {
    const { store: _store, tools, ...merged } = turns(request);
    return {
      ...merged,
      ...(tools === undefined ? {} : { tools: tools.map(unstrict) }),
      messages: merged.messages.map((message) => ({ ...message, parts: plain(message.parts) })),
    };
  },
  reply: (reply) => {
    const { id, ...told } = eachParts(plain)(reply);
    return {
      ...told,
      // Another vendor's id is replaced: conversations are kept under it, and not all vendors make unique ones.
      ...(id?.startsWith('resp_') === true ? { id } : {}),
      choices: told.choices.map((choice) => ({
        ...choice,
        finish: finished(choice),
      })),
    };
  },
});

import fc from 'fast-check';
import { codecLaws } from '../../../test/dialects/codec-laws.ts';
import { canonicalArguments, eachMessage, eachParts, mergeTurns } from '../../../test/dialects/normal-chat.ts';
import type { ChatPart, ChatReply, ChatRequest, ChatTool, FinishReason, ToolResultPart } from '../../operations/chat.ts';
import { gemini } from './gemini.ts';

/** A result's texts are one here. */
function oneText(part: ChatPart): ChatPart {
  if (part.kind !== 'tool-result') return part;
  const text = part.parts.map((inner) => (inner.kind === 'text' ? inner.text : '')).join('');
  return { ...part, parts: [{ kind: 'text', text }] } satisfies ToolResultPart;
}

/** A tool that takes text is called as one that takes it in an object. */
function plainCall(part: ChatPart): ChatPart {
  if (part.kind !== 'tool-call' || part.custom === undefined) return canonicalArguments(part);
  const { custom: _custom, ...call } = part;
  return { ...call, arguments: JSON.stringify({ input: part.arguments }) };
}

/** In a stream nothing parts neighbouring texts, nor thoughts without a signature. */
function joined(parts: readonly ChatPart[]): readonly ChatPart[] {
  const told: ChatPart[] = [];
  for (const part of parts.map(plainCall)) {
    const last = told.at(-1);
    if (last?.kind === 'text' && part.kind === 'text') told[told.length - 1] = { ...last, text: last.text + part.text };
    else if (last?.kind === 'reasoning' && part.kind === 'reasoning' && last.signature === undefined && part.sealed === undefined)
      told[told.length - 1] = { ...part, text: last.text + part.text };
    else told.push(part);
  }
  return told;
}

const FINISHES: Readonly<Partial<Record<FinishReason, FinishReason>>> = {
  'stop-sequence': 'stop',
  'context-length': 'length',
  refusal: 'content-filter',
  pause: 'other',
};

/** Calls, pictures and thoughts may be left out of an answer: it ended for calls all the same. */
function finished(reply: ChatReply): ChatReply {
  return { ...reply, choices: reply.choices.map((choice) => ({ ...choice, finish: finishOf(choice.finish, choice.parts) })) };
}

function finishOf(finish: FinishReason, parts: readonly ChatPart[]): FinishReason {
  const told = FINISHES[finish] ?? finish;
  return told === 'tool-calls' && !parts.some(({ kind }) => kind === 'tool-call') ? 'stop' : told;
}

/** Half a character has no bytes here. */
function withoutOdd(reply: ChatReply): ChatReply {
  const row = <Row extends { token: string; bytes?: readonly number[] }>({ bytes: _bytes, ...rest }: Row) => rest;
  return {
    ...reply,
    choices: reply.choices.map((choice) =>
      choice.logProbabilities === undefined
        ? choice
        : { ...choice, logProbabilities: choice.logProbabilities.map(({ top, ...token }) => ({ ...row(token), top: top.map(row) })) },
    ),
  };
}

/** That arguments need not fit their schema is what is so anyway. */
function withoutLaxity(tool: ChatTool): ChatTool {
  if (tool.kind !== 'function') return tool;
  const { strict: _strict, ...plain } = tool;
  return plain;
}

const words = mergeTurns(['system']);

codecLaws(gemini, {
  callArguments: 'object',
  nativeParts: fc.constantFrom(
    { executableCode: { language: 'PYTHON', code: 'print(1)' } },
    { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1\n' } },
  ),
  nativeTools: fc.constantFrom(
    { name: 'googleSearch', value: { googleSearch: {} } },
    { name: 'codeExecution', value: { codeExecution: {} } },
  ),
  request: (request: ChatRequest) => {
    const told = eachMessage((message) => ({ ...message, parts: message.parts.map(canonicalArguments).map(oneText) }))(words(request));
    // Functions stand in one tool, before those of the vendor.
    const tools = told.tools?.map(withoutLaxity).toSorted((a, b) => Number(a.kind === 'native') - Number(b.kind === 'native'));
    return { ...told, ...(tools === undefined ? {} : { tools }) };
  },
  reply: (reply) => withoutOdd(finished(eachParts(joined)(reply))),
});

/* Laws of the codec (test/dialects/codec-laws.ts), for what this dialect says exactly. */
import fc from 'fast-check';
import { codecLaws } from '../../../test/dialects/codec-laws.ts';
import { eachParts, mergeTurns } from '../../../test/dialects/normal-chat.ts';
import type { ChatMessage, ChatPart, ChatRequest, ChatTool } from '../../operations/chat.ts';
import { bedrockConverse } from './bedrock-converse.ts';

const SAID: ChatPart = { kind: 'text', text: 'said' };

/** The vendor wants the user to speak first and last. */
function prepare(request: ChatRequest): ChatRequest {
  const first = request.messages.findIndex(({ role }) => role !== 'system');
  const messages = request.messages.map(
    (message, index): ChatMessage => (index === first ? { ...message, parts: [...message.parts, SAID] } : message),
  );
  const tools = request.tools ?? [];
  const isDeclared = tools.some(({ kind }) => kind === 'function');
  return { ...request, messages: [...messages, { role: 'user', parts: [SAID] }], tools: isDeclared ? tools : [...tools, DECLARED] };
}

/** A talk that has called tools declares some. */
const DECLARED: ChatTool = { kind: 'function', name: 'declared_beside_all', parameters: { type: 'object', properties: {} } };

/** Texts of nothing but space are not sent, but a failure has one; neighbours of one role are one turn; documents have names of their own. */
function normalRequest(request: ChatRequest): ChatRequest {
  const kept = request.messages.map((message) => ({ ...message, parts: said(message.parts) })).filter(({ parts }) => parts.length > 0);
  return mergeTurns(['system', 'user', 'assistant', 'tool'])({ ...request, messages: kept });
}

const FAILED: ChatPart = { kind: 'text', text: 'failed' };

function said(parts: readonly ChatPart[]): readonly ChatPart[] {
  return parts.flatMap((part): ChatPart[] => {
    if (part.kind === 'text' && part.text.trim() === '') return [];
    if (part.kind === 'tool-result') {
      const inner = said(part.parts);
      return [{ ...part, parts: part.failed === true && inner.length === 0 ? [FAILED] : inner }];
    }
    if (part.kind === 'file') {
      const { name: _name, ...plain } = part;
      return [plain];
    }
    return [unsigned(part)];
  });
}

function unsigned(part: ChatPart): ChatPart {
  if (part.kind !== 'tool-call') return part;
  const { signature: _signature, ...call } = part;
  return call;
}

/** A call of a tool that takes text is a call all the same; nobody who speaks this dialect has such tools. */
function called(part: ChatPart): ChatPart {
  const plain = unsigned(part);
  if (plain.kind !== 'tool-call' || plain.custom !== true) return plain;
  const { custom: _custom, ...call } = plain;
  return { ...call, arguments: JSON.stringify({ input: plain.arguments }) };
}

const block = fc.constantFrom(
  { guardContent: { text: { text: 'guarded', qualifiers: ['query'] } } },
  { searchResult: { source: 'https://a.example', title: 'A', content: [{ text: 'found' }] } },
  { blockOfTomorrow: { deep: [1, null] } },
);
const tool = fc.constantFrom({ name: 'nova_grounding', value: { systemTool: { name: 'nova_grounding' } } });

codecLaws(bedrockConverse, {
  decode: (bytes, stream) =>
    bedrockConverse.decode('chat', bytes, {
      params: { model: 'some-model' },
      ...(stream ? { form: 'converse-stream' } : {}),
      hasModel: () => true,
    }),
  callArguments: 'object',
  nativeParts: block,
  nativeTools: tool,
  choicesMax: 1,
  prepare,
  request: normalRequest,
  reply: (reply) => {
    const { id: _id, model: _model, createdAtMs: _at, ...plain } = eachParts((parts) => parts.map(called))(reply);
    const near = { refusal: 'content-filter', pause: 'stop', other: 'stop' } as const;
    const choices = plain.choices.map((choice) => ({
      ...choice,
      finish: choice.finish in near ? near[choice.finish as keyof typeof near] : choice.finish,
    }));
    const { usage, ...unmetered } = plain;
    // Zeros are how the format says that nothing is known.
    return usage === undefined || usage.totalTokens === 0 ? { ...unmetered, choices } : { ...plain, choices };
  },
});

/* Client side: the body for a target. Source: ai.google.dev/api/generate-content. */

import type { ChatMessage, ChatPart, ChatRequest, ChatTool, ToolChoice } from '../../operations/chat.ts';
import type { EncodeTarget } from '../dialect-codec.ts';
import type { Fields } from './fields.ts';
import { encodePart, type PartWriter } from './part-encode.ts';
import { encodeThinking, isThirdGeneration } from './thinking.ts';
import { STAND_IN_SIGNATURE } from './thoughts.ts';

export function encodeChat(request: ChatRequest, target: EncodeTarget): Uint8Array {
  const body = chatBody(request, target);
  const { fieldNames } = target;
  return Buffer.from(JSON.stringify(fieldNames === undefined ? body : renamed(body, fieldNames)));
}

function renamed(body: Fields, names: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [Object.hasOwn(names, name) ? (names[name] ?? name) : name, value]),
  );
}

export function chatBody(request: ChatRequest, { model }: EncodeTarget): Fields {
  const { messages, tools = [], toolChoice } = request;
  const writer: PartWriter = { names: callNames(messages), resultMedia: isThirdGeneration(model) };
  const system = messages.filter(({ role }) => role === 'system').flatMap(({ parts }) => partsOf(parts, writer));
  const contents = encodeContents(messages, writer, model);
  const config = generationConfig(request, model);
  // Without a turn there is no request here: instructions alone are the question.
  const isAsked = contents.length > 0;
  return {
    contents: isAsked ? contents : [{ role: 'user', parts: system.length === 0 ? [{ text: '' }] : system }],
    ...(isAsked && system.length > 0 ? { systemInstruction: { parts: system } } : {}),
    ...(tools.length === 0 ? {} : { tools: encodeTools(tools) }),
    ...(toolChoice === undefined ? {} : { toolConfig: { functionCallingConfig: encodeToolChoice(toolChoice) } }),
    ...(Object.keys(config).length === 0 ? {} : { generationConfig: config }),
  };
}

function callNames(messages: readonly ChatMessage[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { parts } of messages) for (const part of parts) if (part.kind === 'tool-call') names.set(part.id, part.name);
  return names;
}

function partsOf(parts: readonly ChatPart[], writer: PartWriter): Fields[] {
  return parts.flatMap((part) => encodePart(part, writer));
}

interface Turn {
  readonly from: ChatMessage['role'];
  readonly role: 'user' | 'model';
  readonly parts: Fields[];
}

/** All results of one turn of calls stand in one turn, or the API refuses them. A turn that says nothing is none. */
function encodeContents(messages: readonly ChatMessage[], writer: PartWriter, model: string): Omit<Turn, 'from'>[] {
  const turns: Turn[] = [];
  for (const { role, parts } of messages) {
    if (role === 'system') continue;
    const encoded = partsOf(parts, writer);
    const last = turns.at(-1);
    if (encoded.length === 0) continue;
    if (role === 'tool' && last?.from === 'tool') last.parts.push(...encoded);
    else turns.push({ from: role, role: role === 'assistant' ? 'model' : 'user', parts: encoded });
  }
  const signed = isThirdGeneration(model) ? turns.map(withStandIn) : turns;
  return signed.map(({ role, parts }) => ({ role, parts: role === 'user' ? resultsFirst(parts) : parts }));
}

function resultsFirst(parts: readonly Fields[]): Fields[] {
  const isResult = (part: Fields): boolean => 'functionResponse' in part;
  return parts.some(isResult) ? [...parts.filter(isResult), ...parts.filter((part) => !isResult(part))] : [...parts];
}

/** The first of the calls of a turn is the one that must be signed. */
function withStandIn(turn: Turn): Turn {
  const place = turn.parts.findIndex((part) => 'functionCall' in part);
  const call = turn.parts[place];
  if (turn.role !== 'model' || call === undefined || 'thoughtSignature' in call) return turn;
  return { ...turn, parts: turn.parts.with(place, { ...call, ...STAND_IN_SIGNATURE }) };
}

function encodeTools(tools: readonly ChatTool[]): Fields[] {
  const functions = tools.flatMap((tool): Fields[] => {
    if (tool.kind !== 'function') return [];
    const { name, description, parameters } = tool;
    return [
      {
        name,
        ...(description === undefined ? {} : { description }),
        ...(parameters === undefined ? {} : { parametersJsonSchema: parameters }),
      },
    ];
  });
  const own = tools.flatMap((tool): Fields[] => (tool.kind === 'native' ? [tool.value as Fields] : []));
  return [...(functions.length === 0 ? [] : [{ functionDeclarations: functions }]), ...own];
}

function encodeToolChoice(choice: ToolChoice): Fields {
  switch (choice.kind) {
    case 'auto':
      return { mode: 'AUTO' };
    case 'none':
      return { mode: 'NONE' };
    case 'required':
      return { mode: 'ANY' };
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [choice.name] };
    case 'allowed':
      // The mode in which the model may answer, and calls none but these.
      return { mode: choice.required ? 'ANY' : 'VALIDATED', allowedFunctionNames: choice.names };
  }
}

function generationConfig(request: ChatRequest, model: string): Fields {
  const { temperature, topP, topK, seed, stop, choices, outputTokensMax, frequencyPenalty, presencePenalty, logProbabilities, output } =
    request;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
    ...(seed === undefined ? {} : { seed }),
    ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presencePenalty }),
    ...(stop === undefined ? {} : { stopSequences: stop }),
    ...(choices === undefined ? {} : { candidateCount: choices }),
    ...(outputTokensMax === undefined ? {} : { maxOutputTokens: outputTokensMax }),
    ...(logProbabilities === undefined
      ? {}
      : { responseLogprobs: true, ...(logProbabilities.top === 0 ? {} : { logprobs: logProbabilities.top }) }),
    ...(output === undefined ? {} : { responseMimeType: 'application/json' }),
    ...(output?.kind === 'schema' ? { responseJsonSchema: output.schema } : {}),
    ...encodeThinking(request.reasoning, model),
  };
}

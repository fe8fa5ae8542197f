/* When two chats are the same: what a way through a dialect may change of them without changing what they say. Each piece is for dialects that need it. */
import { writeSignature } from '../../src/dialects/dialect-signature.ts';
import type {
  ChatMessage,
  ChatPart,
  ChatReply,
  ChatRequest,
  ChatTool,
  MediaSource,
  Signature,
  TextPart,
} from '../../src/operations/chat.ts';
import type { ChatAbilities } from '../../src/operations/chat-features.ts';
import type { Usage } from '../../src/operations/usage.ts';

export type Normal<Kind> = (value: Kind) => Kind;

/** What holds for every dialect: a result stands alone and has its call's name; the media type of what is elsewhere is a guess; a refusal may be text. */
export function plainRequest(request: ChatRequest, can: ChatAbilities): ChatRequest {
  const names = new Map<string, string>();
  for (const { parts } of request.messages) for (const part of parts) if (part.kind === 'tool-call') names.set(part.id, part.name);
  const plain = (part: ChatPart): ChatPart => {
    if (part.kind !== 'tool-result') return plainPart(part, can);
    const name = part.name ?? names.get(part.callId);
    return { ...part, parts: part.parts.map(plain), ...(name === undefined ? {} : { name }) };
  };
  const messages = request.messages.flatMap((message): ChatMessage[] => {
    const parts = message.parts.map(plain);
    return message.role === 'tool' ? parts.map((part) => ({ ...message, parts: [part] })) : [{ ...message, parts }];
  });
  const tools = request.tools?.map((tool): ChatTool => {
    if (tool.kind !== 'function' || tool.strict !== false || can['strict-tools'] === 'yes') return tool;
    const { strict: _strict, ...lax } = tool;
    return lax;
  });
  const { toolChoice, ...rest } = request;
  return {
    ...rest,
    messages,
    ...(tools === undefined ? {} : { tools }),
    // It is what is meant anyway.
    ...(toolChoice === undefined || toolChoice.kind === 'auto' ? {} : { toolChoice }),
  };
}

/** Likewise of answers: signatures are as the caller holds them, and what the dialect has no word for is not there. */
export function plainReply(reply: ChatReply, dialect: string, can: ChatAbilities): ChatReply {
  const seal = (signature: Signature): Signature => ({ dialect, value: writeSignature(signature, dialect) });
  const plain = (part: ChatPart): ChatPart => {
    const told = plainPart(part, can);
    if ((told.kind !== 'reasoning' && told.kind !== 'tool-call') || told.signature === undefined) return told;
    const { signature, ...rest } = told;
    return can['reply-signatures'] === 'yes' ? { ...rest, signature: seal(signature) } : rest;
  };
  const saysNothing = (part: ChatPart): boolean => part.kind === 'reasoning' && part.text === '' && part.signature === undefined;
  const { usage } = reply;
  return {
    ...reply,
    choices: reply.choices.map(({ stopSequence, ...choice }) => ({
      ...choice,
      parts: choice.parts.map(plain).filter((part) => !saysNothing(part)),
      ...(stopSequence === undefined || can['reply-stop-sequence'] !== 'yes' ? {} : { stopSequence }),
    })),
    ...(usage === undefined ? {} : { usage: plainUsage(usage, can) }),
  };
}

function plainUsage({ cachedInputTokens, cacheWriteTokens, reasoningTokens, ...usage }: Usage, can: ChatAbilities): Usage {
  return {
    ...usage,
    ...(cachedInputTokens === undefined || can['usage-cached'] !== 'yes' ? {} : { cachedInputTokens }),
    ...(cacheWriteTokens === undefined || can['usage-cache-write'] !== 'yes' ? {} : { cacheWriteTokens }),
    ...(reasoningTokens === undefined || can['usage-reasoning'] !== 'yes' ? {} : { reasoningTokens }),
  };
}

function plainPart(part: ChatPart, can: ChatAbilities): ChatPart {
  if (part.kind === 'refusal' && can['reply-refusals'] !== 'yes') return { kind: 'text', text: part.text };
  // Not to cite it is what is meant anyway.
  if (part.kind === 'file' && part.citable === false) {
    const { citable: _citable, ...uncited } = part;
    return plainPart(uncited, can);
  }
  if (part.kind === 'image' || part.kind === 'file' || part.kind === 'audio' || part.kind === 'video')
    return { ...part, source: plainSource(part.source) };
  return part;
}

function plainSource(source: MediaSource): MediaSource {
  if (source.kind === 'data') return source;
  const { media: _media, ...plain } = source;
  return plain;
}

/** For dialects that tell a message's kinds of parts apart from each other: first those of the lowest rank. */
export function sortParts(rank: (part: ChatPart, role: ChatMessage['role']) => number): Normal<ChatMessage> {
  return (message) => ({ ...message, parts: message.parts.toSorted((a, b) => rank(a, message.role) - rank(b, message.role)) });
}

/** For dialects where neighbouring parts of one kind are one text. */
export function mergeParts(kinds: readonly ('text' | 'reasoning' | 'refusal')[]): (parts: readonly ChatPart[]) => readonly ChatPart[] {
  return (parts) => {
    const merged: ChatPart[] = [];
    for (const part of parts) {
      const last = merged.at(-1);
      if (last?.kind === part.kind && (kinds as readonly string[]).includes(part.kind) && 'text' in last && 'text' in part) {
        merged[merged.length - 1] = mergeText(last as TextPart, part as TextPart);
      } else merged.push(part);
    }
    return merged;
  };
}

function mergeText(first: TextPart, second: TextPart): TextPart {
  const moved = (second.citations ?? []).map(({ start, end, ...citation }) => ({
    ...citation,
    ...(start === undefined ? {} : { start: start + first.text.length }),
    ...(end === undefined ? {} : { end: end + first.text.length }),
  }));
  const citations = [...(first.citations ?? []), ...moved];
  return { ...first, text: first.text + second.text, ...(citations.length === 0 ? {} : { citations }) };
}

/** For dialects where neighbouring messages of one role are one turn. */
export function mergeTurns(roles: readonly ChatMessage['role'][]): Normal<ChatRequest> {
  return (request) => {
    const merged: ChatMessage[] = [];
    for (const message of request.messages) {
      const last = merged.at(-1);
      if (last?.role === message.role && roles.includes(message.role))
        merged[merged.length - 1] = { ...last, parts: [...last.parts, ...message.parts] };
      else merged.push(message);
    }
    return { ...request, messages: merged };
  };
}

/** For dialects whose arguments are objects: only what they say counts, not how it was written. */
export function canonicalArguments(part: ChatPart): ChatPart {
  return part.kind === 'tool-call' && part.custom === undefined ? { ...part, arguments: JSON.stringify(JSON.parse(part.arguments)) } : part;
}

/** Does something to each message of a request, or to each list of parts of a request or an answer. */
export const eachMessage =
  (change: Normal<ChatMessage>): Normal<ChatRequest> =>
  (request) => ({ ...request, messages: request.messages.map(change) });

export const eachParts =
  (change: (parts: readonly ChatPart[]) => readonly ChatPart[]): Normal<ChatReply> =>
  (reply) => ({ ...reply, choices: reply.choices.map((choice) => ({ ...choice, parts: change(choice.parts) })) });

/* What a chat says of each feature, as a value that can be compared: how it is put into messages and parts may change on a way, this may not. */
import type { ChatMessage, ChatPart, ChatReply, ChatRequest, MediaSource } from '../../src/operations/chat.ts';
import type { ChatFeature } from '../../src/operations/chat-features.ts';
import { type Json, line } from './wire/wire.ts';

/** Of each feature that is there at all. `words` are no feature: they survive anywhere. */
export type Sayings = Readonly<Partial<Record<ChatFeature | 'words', unknown>>>;

export function sayingsOf(request: ChatRequest): Sayings {
  const { messages, tools = [], toolChoice, output, reasoning = {} } = request;
  const parts = messages.flatMap((message) => message.parts);
  const results = parts.filter((part) => part.kind === 'tool-result');
  const within = results.flatMap((part) => part.parts);
  const media = [...parts, ...within];
  const functions = tools.filter((tool) => tool.kind === 'function');
  return present({
    words: wordsOf(messages),
    'system-anywhere': messages.flatMap(({ role }, index) => (role === 'system' && index > 0 ? [turnsBefore(messages, index)] : [])),
    'developer-role': messages.filter(({ developer }) => developer === true).length,
    'message-names': messages.flatMap(({ name }) => name ?? []),
    ...mediaSayings(parts),
    'image-detail': media.flatMap((part) => (part.kind === 'image' ? (part.detail ?? []) : [])),
    'file-context': media.flatMap((part) => (part.kind === 'file' ? (part.context ?? []) : [])),
    'file-citations': media.filter((part) => part.kind === 'file' && part.citable === true).length,
    tools: [
      ...functions.map(({ name, description, parameters = NO_PARAMETERS }) => [
        name,
        description,
        canonicalJson(JSON.stringify(parameters)),
      ]),
      ...parts.flatMap((part) => (part.kind === 'tool-call' && part.custom !== true ? [[part.name, canonicalJson(part.arguments)]] : [])),
      ...results
        .filter(({ custom }) => custom !== true)
        .map((part) => part.parts.map((inner) => (inner.kind === 'text' ? inner.text : '')).join('')),
    ],
    'custom-tools': [
      ...tools.filter(({ kind }) => kind === 'custom'),
      ...parts.flatMap((part) => (part.kind === 'tool-call' && part.custom === true ? [[part.name, part.arguments]] : [])),
    ],
    'tool-choice-none': toolChoice?.kind === 'none' || undefined,
    'tool-choice-required': toolChoice?.kind === 'required' || undefined,
    'tool-choice-named': toolChoice?.kind === 'tool' ? toolChoice : undefined,
    'tool-choice-allowed': toolChoice?.kind === 'allowed' ? toolChoice : undefined,
    'parallel-tool-calls': request.parallelToolCalls,
    'strict-tools': functions.flatMap(({ name, strict }) => (strict === true ? name : [])),
    'tool-result-media': within.flatMap((part) => ('source' in part ? sourceOf(part.source) : [])),
    'tool-result-errors': results.flatMap(({ failed }, index) => (failed === true ? index : [])),
    'json-output': output?.kind === 'json' || undefined,
    'schema-output': output?.kind === 'schema' ? output : undefined,
    'reasoning-switch': reasoning.enabled,
    'reasoning-effort': reasoning.effort,
    'reasoning-budget': reasoning.budget,
    'reasoning-shown': reasoning.shown,
    'reasoning-history': parts.flatMap((part) => (part.kind === 'reasoning' && part.text !== '' ? part.text : [])),
    ...settingSayings(request),
    'cache-marks': [...tools, ...media].flatMap((one) => ('cache' in one && one.cache !== undefined ? [one.cache] : [])),
  });
}

function settingSayings(request: ChatRequest): Sayings {
  return {
    temperature: request.temperature,
    'top-p': request.topP,
    'top-k': request.topK,
    'min-p': request.minP,
    'frequency-penalty': request.frequencyPenalty,
    'presence-penalty': request.presencePenalty,
    seed: request.seed,
    stop: request.stop,
    'output-limit': request.outputTokensMax,
    choices: request.choices,
    'log-probabilities': request.logProbabilities,
    'logit-bias': request.logitBias,
    user: request.user,
    metadata: request.metadata,
    'service-tier': request.serviceTier,
    verbosity: request.verbosity,
    'prompt-cache-key': request.promptCacheKey,
    store: request.store,
  };
}

/** Of the first answer, and of how many there are. */
export function replySayingsOf({ choices, usage }: ChatReply): Sayings {
  const [first] = choices;
  const parts = first?.parts ?? [];
  return present({
    words: parts.filter(({ kind }) => kind === 'text' || kind === 'refusal').map((part) => ('text' in part ? squeezed(part.text) : '')),
    choices: choices.length,
    tools: parts.flatMap((part) => (part.kind === 'tool-call' && part.custom !== true ? [[part.name, canonicalJson(part.arguments)]] : [])),
    'custom-tools': parts.flatMap((part) => (part.kind === 'tool-call' && part.custom === true ? [[part.name, part.arguments]] : [])),
    'reply-reasoning': parts.flatMap((part) => (part.kind === 'reasoning' && part.text !== '' ? part.text : [])),
    'reply-refusals': parts.flatMap((part) => (part.kind === 'refusal' ? part.text : [])),
    'reply-citations': parts.flatMap((part) => (part.kind === 'text' ? (part.citations ?? []) : [])),
    'reply-images': parts.flatMap((part) => (part.kind === 'image' ? sourceOf(part.source) : [])),
    'reply-audio': parts.flatMap((part) => (part.kind === 'audio' ? sourceOf(part.source) : [])),
    'reply-log-probabilities': first?.logProbabilities?.map(({ token, logProbability }) => ({ token, logProbability })),
    'reply-stop-sequence': first?.stopSequence,
    'usage-cached': usage?.cachedInputTokens,
    'usage-cache-write': usage?.cacheWriteTokens,
    'usage-reasoning': usage?.reasoningTokens,
  });
}

function mediaSayings(parts: readonly ChatPart[]): Sayings {
  const of = (kind: ChatPart['kind'], source: MediaSource['kind']) =>
    parts.flatMap((part) => (part.kind === kind && 'source' in part && part.source.kind === source ? sourceOf(part.source) : []));
  return {
    images: of('image', 'data'),
    'image-urls': of('image', 'url'),
    files: of('file', 'data'),
    'file-urls': of('file', 'url'),
    'audio-input': of('audio', 'data'),
    'video-input': of('video', 'data'),
  };
}

function sourceOf(source: MediaSource): string {
  if (source.kind === 'data') return `${source.media} ${source.base64}`;
  return source.kind === 'url' ? source.url : source.id;
}

/** Instructions apart from the talk, which they may be put before; neighbours of one role are one turn. */
function wordsOf(messages: readonly ChatMessage[]): string[] {
  const turns: { role: string; words: string }[] = [{ role: 'system', words: '' }];
  for (const { role, parts } of messages) {
    if (role === 'tool') continue;
    const words = squeezed(parts.map((part) => (part.kind === 'text' || part.kind === 'refusal' ? part.text : '')).join(''));
    const turn = role === 'system' ? turns[0] : turns.at(-1);
    if (turn?.role === role) turn.words += words;
    else if (words !== '') turns.push({ role, words });
  }
  return turns.map(({ role, words }) => `${role}: ${words}`);
}

/** Where several texts become one, there is a line between them. */
function squeezed(text: string): string {
  return text.replace(/\s+/g, '');
}

function turnsBefore(messages: readonly ChatMessage[], index: number): number {
  return messages.slice(0, index).filter(({ role }) => role !== 'system').length;
}

/** What is no JSON is told within some where nothing else can be. */
function canonicalJson(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = { value: text };
  }
  return line(value as Json, { incidental: [], silent: [] });
}

const NO_PARAMETERS = { type: 'object', properties: {} };

/** Without what is not said. */
function present(all: Sayings): Sayings {
  const isSaid = (value: unknown) => value !== undefined && value !== 0 && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(all).filter(([, value]) => isSaid(value)));
}

/*
 * Chats as anybody may have them, in our words: what every dialect's codec is tried with. They keep the laws that chat.ts and chat-events.ts state, and
 * are hostile within them: every code point but halves of a pair, arguments that are no JSON, media of all kinds, thoughts of any vendor.
 */
import fc, { type Arbitrary } from 'fast-check';
import type {
  ChatChoice,
  ChatMessage,
  ChatPart,
  ChatReply,
  ChatRequest,
  ChatTool,
  FinishReason,
  OutputFormat,
  ReasoningWish,
  TokenLogProbability,
  ToolChoice,
} from '../../src/operations/chat.ts';
import type { Usage } from '../../src/operations/usage.ts';
import {
  type ArbitraryChatConfig,
  cacheMark,
  FOREIGN,
  identifier,
  imageData,
  inputPart,
  maybe,
  someText,
  thought,
  toolCall,
  url,
} from './arbitrary-parts.ts';

const name = maybe({ name: identifier });
const systemMessage: Arbitrary<ChatMessage> = fc
  .tuple(
    fc.array(fc.tuple(someText, cacheMark), { minLength: 1, maxLength: 3 }),
    maybe({ name: identifier, developer: fc.constant(true as const) }),
  )
  .map(([parts, more]) => ({ role: 'system', parts: parts.map(([text, mark]): ChatPart => ({ kind: 'text', text, ...mark })), ...more }));

/** A turn of the assistant, and what its tools gave: messages that belong together. */
function assistantTurn(config: ArbitraryChatConfig): Arbitrary<ChatMessage[]> {
  const spoken: Arbitrary<ChatPart> = fc.oneof(
    { weight: 4, arbitrary: someText.map((text): ChatPart => ({ kind: 'text', text })) },
    { weight: 2, arbitrary: thought(config.dialect) },
    { weight: 1, arbitrary: someText.map((text): ChatPart => ({ kind: 'refusal', text })) },
    { weight: 3, arbitrary: toolCall(config) },
  );
  const result = fc.record({ parts: fc.array(inputPart(config), { minLength: 1, maxLength: 2 }), failed: fc.boolean(), words: someText });
  return fc
    .tuple(fc.array(spoken, { minLength: 1, maxLength: 5 }), fc.array(result, { minLength: 6, maxLength: 6 }), name, fc.boolean())
    .map(([parts, results, more, isTogether]) => {
      const calls = parts.filter((part) => part.kind === 'tool-call');
      const told = calls.map((call, index): ChatPart => {
        const { parts: given = [], failed = false, words = '' } = results[index] ?? {};
        return {
          kind: 'tool-result',
          callId: call.id,
          parts: [{ kind: 'text', text: words }, ...given.filter(({ kind }) => kind === 'text' || kind === 'image' || kind === 'file')],
          ...(failed ? { failed: true as const } : {}),
          ...(call.custom === undefined ? {} : { custom: true as const }),
        };
      });
      const answers = isTogether ? [told] : told.map((part) => [part]);
      return [
        { role: 'assistant' as const, parts, ...more },
        ...answers.filter((list) => list.length > 0).map((list): ChatMessage => ({ role: 'tool', parts: list })),
      ];
    });
}

/** Gives each call an id of its own, and its result the same. */
function withCallIds(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  let made = 0;
  let answered = 0;
  const part = (given: ChatPart): ChatPart => {
    if (given.kind === 'tool-call') return { ...given, id: `call_${(made++).toString(36).padStart(4, '0')}` };
    if (given.kind === 'tool-result') return { ...given, callId: `call_${(answered++).toString(36).padStart(4, '0')}` };
    return given;
  };
  return messages.map((message) => ({ ...message, parts: message.parts.map(part) }));
}

function conversation(config: ArbitraryChatConfig): Arbitrary<readonly ChatMessage[]> {
  const user = fc
    .tuple(someText, fc.array(inputPart(config), { maxLength: 3 }), name)
    .map(([text, parts, more]): ChatMessage[] => [{ role: 'user', parts: [...parts, { kind: 'text', text }], ...more }]);
  const turn = fc.oneof(
    { weight: 3, arbitrary: user },
    { weight: 3, arbitrary: assistantTurn(config) },
    { weight: 1, arbitrary: systemMessage.map((message) => [message]) },
  );
  return fc
    .tuple(fc.array(systemMessage, { maxLength: 2 }), user, fc.array(turn, { maxLength: 5 }))
    .map(([system, first, turns]) => withCallIds([...system, ...first, ...turns.flat()]));
}

const schema = fc.constantFrom<unknown>(
  { type: 'object', properties: {} },
  {
    type: 'object',
    properties: { 'a b': { type: 'string', description: 'naïve "quoted"' } },
    required: ['a b'],
    additionalProperties: false,
  },
  { type: 'object', properties: { n: { type: 'array', items: { type: 'integer' } } } },
);

function tools({ dialect, nativeTools }: ArbitraryChatConfig): Arbitrary<readonly ChatTool[]> {
  const plain = fc
    .tuple(identifier, schema, maybe({ description: someText, strict: fc.boolean() }), cacheMark)
    .map(([named, parameters, more, mark]): ChatTool => ({ kind: 'function', name: named, parameters, ...more, ...mark }));
  const custom = fc
    .tuple(identifier, maybe({ description: someText, format: fc.constantFrom<unknown>({ type: 'text' }, GRAMMAR) }))
    .map(([named, more]): ChatTool => ({ kind: 'custom', name: named, ...more }));
  const foreign = identifier.map((named): ChatTool => ({ kind: 'native', dialect: FOREIGN, name: named, value: { type: named } }));
  const own = nativeTools?.map((tool): ChatTool => ({ kind: 'native', dialect, ...tool }));
  return fc.uniqueArray(
    fc.oneof(
      { weight: 5, arbitrary: plain },
      { weight: 1, arbitrary: custom },
      { weight: 1, arbitrary: foreign },
      ...(own === undefined ? [] : [{ weight: 2, arbitrary: own }]),
    ),
    { minLength: 1, maxLength: 4, selector: (tool) => tool.name },
  );
}

const GRAMMAR = { type: 'grammar', syntax: 'lark', definition: 'start: "a"' };

function toolChoice(given: readonly ChatTool[]): Arbitrary<ToolChoice> {
  const names = given.flatMap((tool) => (tool.kind === 'function' ? [tool.name] : []));
  const plain = fc.constantFrom<ToolChoice>({ kind: 'auto' }, { kind: 'none' }, { kind: 'required' });
  if (names.length === 0) return plain;
  return fc.oneof(
    plain,
    fc.constantFrom(...names).map((named): ToolChoice => ({ kind: 'tool', name: named })),
    fc
      .tuple(fc.subarray(names, { minLength: 1 }), fc.boolean())
      .map(([some, required]): ToolChoice => ({ kind: 'allowed', names: some, required })),
  );
}

const output: Arbitrary<OutputFormat> = fc.oneof(
  fc.constant<OutputFormat>({ kind: 'json' }),
  fc
    .tuple(schema, maybe({ description: someText, strict: fc.boolean() }), identifier)
    .map(([shape, more, named]): OutputFormat => ({ kind: 'schema', schema: shape, name: named, ...more })),
);

const reasoning: Arbitrary<ReasoningWish> = fc.oneof(
  fc.constant<ReasoningWish>({ enabled: false }),
  fc.constant<ReasoningWish>({ enabled: true }),
  fc.constantFrom('minimal', 'low', 'medium', 'high', 'xhigh', 'max').map((effort): ReasoningWish => ({ effort: effort as 'low' })),
  fc
    .tuple(fc.integer({ min: 1_024, max: 60_000 }), maybe({ shown: fc.boolean() }))
    .map(([budget, more]): ReasoningWish => ({ enabled: true, budget, ...more })),
  fc.constant<ReasoningWish>({ enabled: true, dynamic: true }),
);

/** Whole hundredths: a number that JSON writes as it reads it. */
const hundredths = (min: number, max: number) => fc.integer({ min: min * 100, max: max * 100 }).map((value) => value / 100);

const settings = maybe({
  parallelToolCalls: fc.boolean(),
  output,
  reasoning,
  temperature: hundredths(0, 2),
  topP: hundredths(0, 1),
  topK: fc.integer({ min: 1, max: 500 }),
  minP: hundredths(0, 1),
  frequencyPenalty: hundredths(-2, 2),
  presencePenalty: hundredths(-2, 2),
  seed: fc.integer({ min: 0, max: 2_147_483_647 }),
  stop: fc.uniqueArray(someText, { minLength: 1, maxLength: 4 }),
  outputTokensMax: fc.integer({ min: 1, max: 100_000 }),
  choices: fc.integer({ min: 2, max: 5 }),
  logProbabilities: fc.record({ top: fc.integer({ min: 0, max: 20 }) }),
  logitBias: fc.dictionary(fc.integer({ min: 0, max: 99_999 }).map(String), fc.integer({ min: -100, max: 100 }), {
    minKeys: 1,
    maxKeys: 3,
  }),
  user: identifier,
  metadata: fc.dictionary(identifier, someText, { minKeys: 1, maxKeys: 3 }),
  serviceTier: fc.constantFrom('auto', 'default', 'flex', 'priority'),
  verbosity: fc.constantFrom('low' as const, 'medium' as const, 'high' as const),
  promptCacheKey: identifier,
  store: fc.boolean(),
});

/** Any request. `unread` is empty. */
export function arbitraryRequest(config: ArbitraryChatConfig): Arbitrary<ChatRequest> {
  const tooled = tools(config).chain((given) =>
    fc.record({ tools: fc.constant(given), toolChoice: fc.option(toolChoice(given), { nil: undefined }) }),
  );
  return fc.tuple(conversation(config), settings, fc.option(tooled, { nil: undefined })).map(([messages, set, given]) => ({
    messages,
    ...set,
    ...(given === undefined ? {} : { tools: given.tools }),
    ...(given?.toolChoice === undefined ? {} : { toolChoice: given.toolChoice }),
    unread: [],
  }));
}

const logProbability = fc
  .record({ token: someText, logProbability: hundredths(-9, 0) })
  .map((row) => ({ ...row, bytes: [...Buffer.from(row.token)] }));
const logProbabilities: Arbitrary<readonly TokenLogProbability[]> = fc.array(
  fc.tuple(logProbability, fc.array(logProbability, { maxLength: 2 })).map(([row, top]) => ({ ...row, top })),
  { minLength: 1, maxLength: 3 },
);

export const arbitraryUsage: Arbitrary<Usage> = fc
  .record({
    input: fc.nat(9_999),
    output: fc.nat(9_999),
    shares: fc.array(fc.nat(100), { minLength: 3, maxLength: 3 }),
    known: fc.subarray([0, 1, 2]),
  })
  .map(({ input, output: told, shares: [a = 0, b = 0, c = 0], known }) => {
    const cached = Math.floor((input * a) / 100);
    return {
      inputTokens: input,
      outputTokens: told,
      totalTokens: input + told,
      ...(known.includes(0) ? { cachedInputTokens: cached } : {}),
      ...(known.includes(1) ? { cacheWriteTokens: Math.floor(((input - cached) * b) / 100) } : {}),
      ...(known.includes(2) ? { reasoningTokens: Math.floor((told * c) / 100) } : {}),
    };
  });

const FINISHES: readonly FinishReason[] = [
  'stop',
  'stop',
  'stop-sequence',
  'length',
  'content-filter',
  'refusal',
  'pause',
  'context-length',
  'other',
];

function choice(config: ArbitraryChatConfig): Arbitrary<ChatChoice> {
  const { dialect } = config;
  const citation = fc
    .tuple(fc.webUrl(), someText, fc.nat(3), maybe({ citedText: someText }))
    .map(([at, title, start, more]) => ({ url: at, title, start, end: start + 1, ...more }));
  const spoken: Arbitrary<ChatPart> = fc.oneof(
    { weight: 5, arbitrary: someText.map((text): ChatPart => ({ kind: 'text', text })) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(someText, fc.array(citation, { minLength: 1, maxLength: 2 }))
        .map(([text, citations]): ChatPart => ({ kind: 'text', text: `cited ${text}`, citations })),
    },
    { weight: 3, arbitrary: thought(dialect) },
    { weight: 1, arbitrary: someText.map((text): ChatPart => ({ kind: 'refusal', text })) },
    { weight: 3, arbitrary: toolCall(config).map(({ cache: _cache, ...call }): ChatPart => call) },
    { weight: 1, arbitrary: fc.oneof(imageData, url).map((source): ChatPart => ({ kind: 'image', source })) },
    { weight: 1, arbitrary: fc.jsonValue().map((value): ChatPart => ({ kind: 'native', dialect: FOREIGN, value })) },
  );
  return fc
    .tuple(fc.array(spoken, { minLength: 1, maxLength: 5 }), fc.constantFrom(...FINISHES), someText, maybe({ logProbabilities }))
    .map(([parts, reason, stopSequence, more]): ChatChoice => {
      const finish = parts.some(({ kind }) => kind === 'tool-call') ? 'tool-calls' : reason;
      // In a stream they come with the text that they are about.
      const probabilities = parts.some(({ kind }) => kind === 'text') ? more : {};
      return { parts, finish, ...(finish === 'stop-sequence' ? { stopSequence } : {}), ...probabilities };
    });
}

/** Any whole answer. It is finished for tool calls just where it has some. `choicesMax`: 1 where the dialect knows of no more. */
export function arbitraryReply(config: ArbitraryChatConfig, choicesMax = 3): Arbitrary<ChatReply> {
  return fc
    .tuple(
      fc.array(choice(config), { minLength: 1, maxLength: choicesMax }),
      maybe({
        id: identifier,
        model: identifier,
        createdAtMs: fc.integer({ min: 1, max: 4_000_000 }).map((seconds) => seconds * 1_000),
        usage: arbitraryUsage,
      }),
    )
    .map(([choices, more]) => {
      let made = 0;
      const part = (given: ChatPart): ChatPart => (given.kind === 'tool-call' ? { ...given, id: `call_${made++}x` } : given);
      return { ...more, choices: choices.map((given) => ({ ...given, parts: given.parts.map(part) })) };
    });
}

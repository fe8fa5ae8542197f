/*
 * Reads requests to `/v1/responses` as OpenAI's API does: unknown fields are refused, values are held to their ranges, and what the answer echoes is
 * made here. Sources: the API reference and the types of the vendor's package.
 */
import type { Question } from '../answer.ts';
import { type JsonObject, shownAs } from '../json-instance.ts';
import { RequestRefused, readModel, refuse } from '../openai-request.ts';
import type { PromptPart } from '../prefix-cache.ts';
import { estimateTokens } from '../text.ts';
import { flagOr, listOr, missing, numberOr, objectOr, onlyFields, optional, textOr, wordOf, wrongType } from './check.ts';
import { attachedTo, checkCalls, type Item, readInput } from './items.ts';
import type { ResponseEcho } from './shapes.ts';
import type { TurnMemory } from './store.ts';
import { checkSchema, type ResponseTool, readToolChoice, readTools } from './tools.ts';

export interface ResponseRequest {
  readonly echo: ResponseEcho;
  readonly question: Question;
  readonly tools: readonly ResponseTool[];
  /** This request's own items, after those of the turns before it. */
  readonly input: readonly Item[];
  readonly parts: readonly PromptPart[];
  readonly promptTokens: number;
  readonly tokensMax: number;
  readonly stream: boolean;
  readonly obfuscate: boolean;
  readonly store: boolean;
  /** False: everything is made ready, and nothing said. */
  readonly generate: boolean;
  /** The model thinks before it answers. */
  readonly isReasoning: boolean;
  readonly showsSummary: boolean;
  readonly sealsReasoning: boolean;
  /** Alternatives to give with each token, or undefined: no log probabilities. */
  readonly topLogprobs: number | undefined;
}

const FIELDS: ReadonlySet<string> = new Set([
  'background',
  'client_metadata',
  'context_management',
  'conversation',
  'include',
  'input',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'metadata',
  'model',
  'moderation',
  'parallel_tool_calls',
  'previous_response_id',
  'prompt',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'service_tier',
  'store',
  'stream',
  'stream_options',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'truncation',
  'user',
]);
/** What a frame has besides. */
const FRAME_FIELDS: ReadonlySet<string> = new Set([...FIELDS, 'type', 'generate', 'stream_id']);

const INCLUDES = [
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
  'message.output_text.logprobs',
] as const;

const TOKENS_MIN = 16;

/** How a request came, and what it may refer to. */
export interface RequestSource {
  readonly memory: TurnMemory;
  readonly known: (id: string) => Item | undefined;
  /** As a frame of a WebSocket: it is streamed whatever it says. */
  readonly isFrame: boolean;
}

/** Throws RequestRefused. */
export function readResponse(body: JsonObject, source: RequestSource): ResponseRequest {
  onlyFields(body, source.isFrame ? FRAME_FIELDS : FIELDS);
  const model = readModel(body);
  refuseUnsupported(body);
  const input = readItems(body, source);
  const tools = readTools(body['tools']);
  const choice = readToolChoice(body['tool_choice'], tools);
  const include = new Set(listOr(body, 'include').map((entry, index) => wordOf(`include[${index}]`, entry, INCLUDES)));
  const reasoning = readReasoning(body);
  const text = readText(body, input);
  const echo = echoOf(body, { model, tools, text: text.echo, reasoning });
  const instructions = echo.instructions ?? '';
  const parts = partsOf(instructions, tools, input);
  const stream = source.isFrame || flagOr(body, 'stream', false);
  const last = input.at(-1);
  return {
    echo,
    tools,
    input,
    parts,
    promptTokens: parts.reduce((total, part) => total + part.tokens, 3),
    tokensMax: echo.max_output_tokens ?? Number.POSITIVE_INFINITY,
    stream,
    obfuscate: readObfuscation(body, stream),
    store: echo.store,
    generate: flagOr(body, 'generate', true),
    isReasoning: (reasoning.effort ?? 'none') !== 'none' || reasoning.summary !== null,
    showsSummary: reasoning.summary !== null,
    sealsReasoning: include.has('reasoning.encrypted_content'),
    topLogprobs: include.has('message.output_text.logprobs') ? echo.top_logprobs : undefined,
    question: {
      conversation: [instructions, ...input.map((item) => `${item.role ?? item.type}\n${item.text}`)].join('\n'),
      lastUserText: last?.role === 'user' ? last.text : '',
      tools: tools.filter((tool) => choice.allowed(tool.name)),
      toolChoice: choice.tool,
      parallelTools: echo.parallel_tool_calls,
      format: text.format,
      stops: [],
      tokensMax: undefined,
      attached: attachedTo(last),
    },
  };
}

/** What would need more than a model. */
function refuseUnsupported(body: JsonObject): void {
  if (flagOr(body, 'background', false)) refuse('Background mode is not supported by this model.', 'background', 'unsupported_parameter');
  const conversation = body['conversation'] ?? undefined;
  if (conversation !== undefined) notFound('Conversation', conversation, 'conversation');
  const prompt = objectOr(body, 'prompt');
  if (prompt !== undefined) notFound('Prompt', prompt, 'prompt');
}

function notFound(what: string, named: unknown, param: string): never {
  const id = typeof named === 'object' && named !== null && 'id' in named ? named.id : named;
  throw new RequestRefused({ status: 404, message: `${what} with id '${shownAs(id)}' not found.`, param });
}

function readItems(body: JsonObject, { memory, known }: RequestSource): readonly Item[] {
  const previousId = textOr(body, 'previous_response_id', undefined);
  const previous = previousId === undefined ? undefined : memory.find(previousId);
  if (previousId !== undefined && previous === undefined)
    refuse(`Previous response with id '${previousId}' not found.`, 'previous_response_id', 'previous_response_not_found');
  if (previousId === undefined && (body['input'] ?? undefined) === undefined) {
    refuse(
      'One of "input" or "previous_response_id" or "prompt" or "conversation" must be provided.',
      'input',
      'missing_required_parameter',
    );
  }
  const input = [...(previous?.context ?? []), ...readInput(body['input'], known)];
  checkCalls(input);
  return input;
}

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

function readReasoning(body: JsonObject): ResponseEcho['reasoning'] {
  const reasoning = objectOr(body, 'reasoning') ?? {};
  const word = (name: string, words: readonly string[]) => {
    const value = optional(reasoning, name);
    return value === undefined ? null : wordOf(`reasoning.${name}`, value, words);
  };
  const summary = word('summary', ['auto', 'concise', 'detailed']) ?? word('generate_summary', ['auto', 'concise', 'detailed']);
  // What is chosen for the caller is told: `auto` is never echoed.
  return { effort: word('effort', EFFORTS), summary: summary === 'auto' ? 'detailed' : summary };
}

interface TextRead {
  readonly echo: ResponseEcho['text'];
  /** As in Question. */
  readonly format: unknown;
}

function readText(body: JsonObject, input: readonly Item[]): TextRead {
  const config = objectOr(body, 'text') ?? {};
  const verbosity =
    optional(config, 'verbosity') === undefined ? 'medium' : wordOf('text.verbosity', config['verbosity'], ['low', 'medium', 'high']);
  const format = objectOr(config, 'format', 'text.format') ?? { type: 'text' };
  const type = wordOf('text.format.type', format['type'], ['text', 'json_object', 'json_schema']);
  if (type === 'text') return { echo: { format: { type }, verbosity }, format: undefined };
  if (type === 'json_object') {
    if (!input.some(({ text }) => /json/i.test(text)) && !/json/i.test(shownAs(body['instructions'])))
      refuse("Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.", 'input');
    return { echo: { format: { type }, verbosity }, format: 'json' };
  }
  const { name } = format;
  if (name === undefined) return missing('text.format.name');
  if (typeof name !== 'string' || !/^[a-zA-Z0-9_-]{1,64}$/.test(name))
    return wrongType('text.format.name', 'a string of letters, digits, - and _', name);
  const schema = objectOr(format, 'schema', 'text.format.schema');
  if (schema === undefined) return missing('text.format.schema');
  const strict = format['strict'] === true;
  if (strict) checkSchema(schema, { what: `response_format '${name}'`, param: 'text.format.schema', code: 'invalid_json_schema' });
  return { echo: { format: { type, description: format['description'] ?? null, name, schema, strict }, verbosity }, format: schema };
}

function readObfuscation(body: JsonObject, stream: boolean): boolean {
  const options = objectOr(body, 'stream_options');
  if (options === undefined) return true;
  if (!stream) refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.", 'stream_options');
  return options['include_obfuscation'] !== false;
}

const METADATA_MAX = 16;

function readMetadata(body: JsonObject): JsonObject {
  const metadata = objectOr(body, 'metadata') ?? {};
  const entries = Object.entries(metadata);
  if (entries.length > METADATA_MAX)
    refuse(
      `Invalid 'metadata': too many properties. Expected an object with at most ${METADATA_MAX} properties.`,
      'metadata',
      'object_above_max_properties',
    );
  for (const [name, value] of entries) if (typeof value !== 'string') wrongType(`metadata.${name}`, 'a string', value);
  return metadata;
}

interface Read {
  readonly model: string;
  readonly tools: readonly ResponseTool[];
  readonly text: ResponseEcho['text'];
  readonly reasoning: ResponseEcho['reasoning'];
}

function echoOf(body: JsonObject, { model, tools, text, reasoning }: Read): ResponseEcho {
  return {
    access_programs: null,
    background: false,
    instructions: textOr(body, 'instructions', null),
    max_output_tokens: numberOr(body, 'max_output_tokens', { otherwise: null, min: TOKENS_MIN }),
    max_tool_calls: numberOr(body, 'max_tool_calls', { otherwise: null, min: 1 }),
    model,
    parallel_tool_calls: flagOr(body, 'parallel_tool_calls', true),
    previous_response_id: textOr(body, 'previous_response_id', null),
    prompt_cache_key: textOr(body, 'prompt_cache_key', null),
    reasoning,
    safety_identifier: textOr(body, 'safety_identifier', null),
    service_tier: 'default',
    store: flagOr(body, 'store', true),
    temperature: numberOr(body, 'temperature', { otherwise: 1, min: 0, max: 2, fraction: true }),
    text,
    tool_choice: optional(body, 'tool_choice') ?? 'auto',
    tools: tools.map(({ echo }) => echo),
    top_logprobs: numberOr(body, 'top_logprobs', { otherwise: 0, min: 0, max: 20 }),
    top_p: numberOr(body, 'top_p', { otherwise: 1, min: 0, max: 1, fraction: true }),
    truncation: wordOf('truncation', optional(body, 'truncation') ?? 'disabled', ['auto', 'disabled']),
    user: textOr(body, 'user', null),
    metadata: readMetadata(body),
  };
}

/** Prompts are kept without being asked, for so long. */
const KEEP_MS = 600_000;
/** Tokens that frame an item. */
const ITEM_TOKENS = 3;

function partsOf(instructions: string, tools: readonly ResponseTool[], input: readonly Item[]): readonly PromptPart[] {
  const before = [instructions, ...tools.map(({ echo }) => JSON.stringify(echo))].filter((text) => text !== '');
  return [
    ...before.map((text) => ({ text, tokens: estimateTokens(text), keepMs: KEEP_MS })),
    ...input.map((item) => ({ text: `${item.role ?? item.type}\n${item.text}`, tokens: ITEM_TOKENS + item.tokens, keepMs: KEEP_MS })),
  ];
}

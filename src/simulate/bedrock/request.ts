/*
 * Reads Converse and ConverseStream. Source: the API reference and the service model of Bedrock Runtime; for thinking, what Anthropic's
 * models behind it refuse.
 */
import type { Question, Tool } from '../answer.ts';
import { isObject, type JsonObject } from '../json-instance.ts';
import { estimateTokens } from '../text.ts';
import { Constraints, modelRefuses, numberAt, objectAt, objectsAt, refuse, textAt, textsAt } from './check.ts';
import { type Block, TOOL_NAME } from './content.ts';
import { checkThoughts, checkTools, type Message, readMessages } from './conversation.ts';

export interface ConverseRequest {
  readonly question: Question;
  readonly promptTokens: number;
  /** Of the prompt's tokens: what was sent in an earlier turn up to a cache point, and what is new up to the last. */
  readonly cache: CacheUse;
  readonly thinking: 'shown' | 'redacted' | undefined;
  readonly cited: readonly NonNullable<Block['cited']>[];
  /** Paths in the model's own answer that are to be told too. */
  readonly extraFields: readonly string[];
  readonly hasGuardrail: boolean;
  readonly tellsTrace: boolean;
}

interface CacheUse {
  readonly readTokens: number;
  readonly writtenTokens: number;
}

/** Throws RequestRefused. */
export function readConverse(body: JsonObject): ConverseRequest {
  const constraints = new Constraints();
  const config = readInference(body, constraints);
  const { tools, choice } = readTools(body, constraints);
  const messages = readMessages(body, constraints);
  checkTools(messages, tools.length > 0);
  const system = readSystem(body);
  const blocks = messages.flatMap((message) => message.blocks);
  const last = messages.at(-1);
  const thinking = readThinking(body, { messages, maxTokens: config.tokensMax, choice });
  const guardrail = objectAt(body, 'guardrailConfig');
  const said = messages.map(({ role, blocks: parts }) => `${role}\n${parts.map(({ text }) => text).join('\n')}`);
  const lastUserText = last?.role === 'user' && !last.blocks.some(({ kind }) => kind === 'toolResult') ? textOf(last) : '';
  return {
    question: {
      conversation: [...(system.text === '' ? [] : [`system\n${system.text}`]), ...said].join('\n'),
      lastUserText,
      tools,
      toolChoice: choice,
      parallelTools: !isSingle(body),
      format: readFormat(body),
      ...config,
    },
    promptTokens: system.tokens + blocks.reduce((total, { tokens }) => total + tokens, 3 * messages.length),
    cache: cacheUse(system, messages),
    thinking: thinking && lastUserText.includes(REDACTION_TRIGGER) ? 'redacted' : thinking ? 'shown' : undefined,
    cited: blocks.flatMap(({ cited }) => (cited === undefined ? [] : [cited])),
    extraFields: textsAt(body, 'additionalModelResponseFieldPaths'),
    hasGuardrail: guardrail !== undefined,
    tellsTrace: guardrail?.['trace'] === 'enabled' || guardrail?.['trace'] === 'enabled_full',
  };
}

/** Anthropic documents a text that has its models' thoughts redacted, for tests. */
const REDACTION_TRIGGER = 'ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_';

function textOf({ blocks }: Message): string {
  return blocks
    .filter(({ kind }) => kind === 'text' || kind === 'guardContent')
    .map(({ text }) => text)
    .join('\n');
}

function readInference(body: JsonObject, constraints: Constraints): Pick<Question, 'stops' | 'tokensMax'> {
  const config = objectAt(body, 'inferenceConfig') ?? {};
  const tokensMax = numberAt(config, 'maxTokens', 'Integer');
  constraints.between(tokensMax, 'inferenceConfig.maxTokens', [1, 2_147_483_647]);
  constraints.between(numberAt(config, 'temperature', 'Float'), 'inferenceConfig.temperature', [0, 1]);
  constraints.between(numberAt(config, 'topP', 'Float'), 'inferenceConfig.topP', [0, 1]);
  const stops = textsAt(config, 'stopSequences');
  if (stops.includes('')) {
    constraints.break(
      'inferenceConfig.stopSequences',
      'Member must satisfy constraint: [Member must have length greater than or equal to 1]',
    );
  }
  return { stops, tokensMax };
}

function readSystem(body: JsonObject): Message & { readonly text: string; readonly tokens: number } {
  const blocks = (objectsAt(body, 'system') ?? []).map((block, index): Block => {
    if (objectAt(block, 'cachePoint') !== undefined) return { kind: 'cachePoint', text: '', tokens: 0 };
    const text = textAt(block, 'text') ?? textAt(objectAt(objectAt(block, 'guardContent') ?? {}, 'text') ?? {}, 'text') ?? '';
    if (text.trim() === '') {
      refuse(`The text field in the SystemContentBlock object at system.${index} is blank. Add text to the text field, and try again.`);
    }
    return { kind: 'text', text, tokens: estimateTokens(text) };
  });
  const tokens = blocks.reduce((total, block) => total + block.tokens, 0);
  return { role: 'system', blocks, text: blocks.map((block) => block.text).join('\n'), tokens };
}

interface Tools {
  readonly tools: readonly Tool[];
  readonly choice: string | undefined;
}

function readTools(body: JsonObject, constraints: Constraints): Tools {
  const config = objectAt(body, 'toolConfig');
  if (config === undefined) return { tools: [], choice: undefined };
  const given = objectsAt(config, 'tools');
  if (!constraints.required(given, 'toolConfig.tools')) return { tools: [], choice: undefined };
  if (given?.length === 0) constraints.break('toolConfig.tools', 'Member must have length greater than or equal to 1', '[]');
  const tools = (given ?? []).flatMap((tool, index) => {
    const spec = objectAt(tool, 'toolSpec');
    const member = `toolConfig.tools.${index + 1}.member.toolSpec`;
    if (spec === undefined) return [];
    const name = textAt(spec, 'name');
    constraints.matching(name, `${member}.name`, TOOL_NAME);
    if (textAt(spec, 'description') === '')
      constraints.break(`${member}.description`, 'Member must have length greater than or equal to 1', '');
    const schema = objectAt(spec, 'inputSchema');
    constraints.required(schema, `${member}.inputSchema`);
    const parameters = schema?.['json'];
    if (schema !== undefined && (!isObject(parameters) || parameters['type'] !== 'object')) {
      refuse(`The value at toolConfig.tools.${index}.toolSpec.inputSchema.json.type must be one of the following: object.`);
    }
    return [{ name: name ?? '', parameters }];
  });
  const names = tools.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) refuse(`The tool name ${twice} is already defined at toolConfig.tools.${names.indexOf(twice)}.`);
  return { tools, choice: readChoice(objectAt(config, 'toolChoice'), names) };
}

function readChoice(choice: JsonObject | undefined, names: readonly string[]): string | undefined {
  if (choice === undefined || 'auto' in choice) return undefined;
  if ('any' in choice) return 'required';
  const name = textAt(objectAt(choice, 'tool') ?? {}, 'name') ?? '';
  if (!names.includes(name)) refuse(`The tool ${name} in toolConfig.toolChoice is not among toolConfig.tools.`);
  return name;
}

/** Anthropic's models take their own field for it, beside what Converse has. */
function isSingle(body: JsonObject): boolean {
  const extra = objectAt(body, 'additionalModelRequestFields') ?? {};
  const choice = extra['tool_choice'];
  return isObject(choice) && choice['disable_parallel_tool_use'] === true;
}

function readFormat(body: JsonObject): unknown {
  const format = objectAt(objectAt(body, 'outputConfig') ?? {}, 'textFormat');
  if (format === undefined) return undefined;
  const declared = textAt(objectAt(objectAt(format, 'structure') ?? {}, 'jsonSchema') ?? {}, 'schema') ?? '';
  try {
    return JSON.parse(declared) as unknown;
  } catch {
    return refuse('The value at outputConfig.textFormat.structure.jsonSchema.schema is not a valid JSON schema.');
  }
}

interface ThinkingAsked {
  readonly messages: readonly Message[];
  readonly maxTokens: number | undefined;
  readonly choice: string | undefined;
}

const BUDGET_MIN = 1_024;

/** Whether the model thinks: Anthropic's `thinking` (older: `reasoning_config`), or Nova's `reasoningConfig`. Throws RequestRefused. */
function readThinking(body: JsonObject, { messages, maxTokens, choice }: ThinkingAsked): boolean {
  const extra = objectAt(body, 'additionalModelRequestFields') ?? {};
  const nova = objectAt(extra, 'reasoningConfig');
  if (nova !== undefined) return nova['type'] === 'enabled';
  const config = objectAt(extra, 'thinking') ?? objectAt(extra, 'reasoning_config');
  if (config === undefined || config['type'] === 'disabled') return false;
  if (config['type'] === 'enabled') {
    const budget = config['budget_tokens'];
    if (typeof budget !== 'number') return modelRefuses('thinking.enabled.budget_tokens: Field required');
    if (budget < BUDGET_MIN) modelRefuses(`thinking.enabled.budget_tokens: Input should be greater than or equal to ${BUDGET_MIN}`);
    if (maxTokens !== undefined && maxTokens <= budget) modelRefuses('`max_tokens` must be greater than `thinking.budget_tokens`.');
  } else if (config['type'] !== 'adaptive') {
    modelRefuses("thinking: Input tag does not match any of the expected tags: 'disabled', 'enabled', 'adaptive'");
  }
  if (choice !== undefined) modelRefuses('Thinking may not be enabled when tool_choice forces tool use.');
  const temperature = objectAt(body, 'inferenceConfig')?.['temperature'] ?? 1;
  if (temperature !== 1) modelRefuses('`temperature` may only be set to 1 when thinking is enabled.');
  checkThoughts(messages);
  return true;
}

/** A cache without a memory: what came before the assistant's last answer was sent once already, and is read. */
function cacheUse(system: Message, messages: readonly Message[]): CacheUse {
  const answered = messages.findLastIndex(({ role }) => role === 'assistant');
  let tokens = 0;
  let readTokens = 0;
  let cachedTokens = 0;
  for (const [index, { blocks }] of [system, ...messages].entries()) {
    for (const block of blocks) {
      tokens += block.tokens;
      if (block.kind !== 'cachePoint') continue;
      cachedTokens = tokens;
      if (index - 1 < answered) readTokens = tokens;
    }
  }
  return { readTokens, writtenTokens: cachedTokens - readTokens };
}

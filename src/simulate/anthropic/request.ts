/*
 * Reads requests to `/v1/messages` as Anthropic's API does: unknown fields are refused, those of a beta need its header, and what does not go
 * together is told apart. Sources: the API reference, the types of the vendor's package, and the errors that its callers report.
 */
import { countOf, type Question } from '../answer.ts';
import { isObject, type JsonObject } from '../json-instance.ts';
import type { PromptPart } from '../prefix-cache.ts';
import { estimateTokens } from '../text.ts';
import { countAt, flagAt, listAt, numberAt, objectAt, onlyFields, type Place, refuse, required, tagAt, textAt, wordAt } from './check.ts';
import { type Block, keepMsOf, type Role, readContent } from './content.ts';
import { checkHistory, type HistoryMessage } from './history.ts';
import { type AnthropicTool, readToolChoice, readTools, type ToolChoice } from './tools.ts';

/** How thoughts are shown; undefined: the model does not think. */
export type Thinking = 'shown' | 'omitted' | 'redacted' | undefined;

export interface Prompt {
  readonly model: string;
  readonly question: Question;
  /** Everything the model reads, piece by piece. */
  readonly parts: readonly PromptPart[];
  readonly promptTokens: number;
  /** Documents and search results of which citations are wanted. */
  readonly cited: readonly Block[];
  /** What the assistant has said already, for it to go on with. */
  readonly prefill: string | undefined;
  readonly thinking: Thinking;
}

export interface MessagesRequest extends Prompt {
  readonly tokensMax: number;
  readonly stream: boolean;
}

const PROMPT_FIELDS = [
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'thinking',
  'cache_control',
  'output_config',
  'speed',
  'user_profile_id',
  'workspace_id',
];
const CREATE_FIELDS = [
  ...PROMPT_FIELDS,
  'max_tokens',
  'stream',
  'stop_sequences',
  'temperature',
  'top_p',
  'top_k',
  'metadata',
  'container',
  'diagnostics',
  'inference_geo',
  'service_tier',
];

/** Fields of betas, and what `anthropic-beta` must say for them. */
const BETA_FIELDS: Readonly<Record<string, RegExp>> = {
  context_management: /context-management|compact/,
  mcp_servers: /mcp-client/,
  output_format: /structured-outputs/,
  compaction: /compact/,
  fallbacks: /fallback/,
  fallback_credit_token: /fallback/,
  billing_policy: /billing/,
  thread: /thread/,
};

/** Throws RequestRefused. `betas` is the header `anthropic-beta`. */
export function readMessages(body: JsonObject, betas: string): MessagesRequest {
  const request: Place = { at: '', value: body };
  onlyFields(request, [...CREATE_FIELDS, ...betaFields(betas)]);
  const tokensMax = countAt('max_tokens', required(request, 'max_tokens'), 1);
  const { stream } = body;
  const isStream = stream === undefined || stream === null ? false : flagAt('stream', stream);
  checkSampling(body);
  const prompt = readPrompt(request, tokensMax);
  const question: Question = { ...prompt.question, stops: readStops(body['stop_sequences']), tokensMax };
  return { ...prompt, question, tokensMax, stream: isStream };
}

/** The same for `/v1/messages/count_tokens`. */
export function readCountTokens(body: JsonObject, betas: string): Prompt {
  const request: Place = { at: '', value: body };
  onlyFields(request, [...PROMPT_FIELDS, ...betaFields(betas)]);
  return readPrompt(request, Number.POSITIVE_INFINITY);
}

function betaFields(betas: string): readonly string[] {
  return Object.keys(BETA_FIELDS).filter((name) => BETA_FIELDS[name]?.test(betas));
}

function checkSampling(body: JsonObject): void {
  for (const name of ['temperature', 'top_p']) if (given(body, name)) numberAt(name, body[name], [0, 1]);
  if (given(body, 'top_k')) countAt('top_k', body['top_k'], 0);
  if (given(body, 'metadata')) {
    const metadata = objectAt('metadata', body['metadata']);
    onlyFields(metadata, ['user_id']);
    if (given(metadata.value, 'user_id')) textAt('metadata.user_id', metadata.value['user_id']);
  }
  if (given(body, 'service_tier')) wordAt('service_tier', body['service_tier'], ['auto', 'standard_only']);
}

function given(body: JsonObject, name: string): boolean {
  return body[name] !== undefined && body[name] !== null;
}

function readStops(stops: unknown): readonly string[] {
  if (stops === undefined || stops === null) return [];
  return listAt('stop_sequences', stops).map((stop, index) => {
    const text = textAt(`stop_sequences.${index}`, stop);
    return text.trim() === '' ? refuse('stop_sequences: each stop sequence must contain non-whitespace') : text;
  });
}

function readPrompt(request: Place, tokensMax: number): Prompt {
  const body = request.value;
  const model = textAt('model', required(request, 'model'));
  const messages = readHistory(required(request, 'messages'));
  const system = given(body, 'system') ? readContent('system', body['system'], 'system') : [];
  const tools = readTools(body['tools']);
  const choice = readToolChoice(body['tool_choice'], tools);
  const thinking = readThinking(body, choice, tokensMax);
  checkHistory(messages, thinking.isRequired);
  const parts = partsOf({ tools, system, messages, lastKeepMs: keepMsOf('', body['cache_control']) });
  const spoken = messages.filter(({ role }) => role !== 'system');
  const last = spoken.at(-1);
  const prefill = last?.role === 'assistant' ? last.blocks : undefined;
  const asked = prefill === undefined ? last : spoken.findLast(({ role }) => role === 'user');
  const conversation = prefill === undefined ? messages : messages.slice(0, -1);
  return {
    model,
    parts,
    promptTokens: parts.reduce((total, part) => total + part.tokens, 3),
    cited: messages.flatMap(({ blocks }) => blocks.filter(isCited)),
    prefill: prefill?.map(({ type, text }) => (type === 'text' ? text : '')).join(''),
    thinking: redactedIfAsked(thinking.shown, asked),
    question: {
      conversation: [...system, ...conversation.flatMap(({ role, blocks }) => [{ text: role }, ...blocks])]
        .map(({ text }) => text)
        .join('\n'),
      lastUserText: lastTextOf(asked),
      tools,
      toolChoice: choice.tool,
      parallelTools: choice.isParallel,
      format: readFormat(body),
      stops: [],
      tokensMax: undefined,
      attached: attachedTo(asked),
    },
  };
}

const ROLES: readonly Role[] = ['user', 'assistant', 'system'];

function readHistory(value: unknown): readonly HistoryMessage[] {
  const entries = listAt('messages', value);
  if (entries.length === 0) refuse('messages: at least one message is required');
  const messages = entries.map((entry, index) => {
    const message = objectAt(`messages.${index}`, entry);
    onlyFields(message, ['role', 'content']);
    const role = wordAt(`messages.${index}.role`, required(message, 'role'), ROLES);
    return { index, role, blocks: readContent(`messages.${index}.content`, required(message, 'content'), role) };
  });
  if (messages[0]?.role === 'system') {
    refuse(
      'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.',
    );
  }
  const marks = messages.flatMap(({ blocks }) => blocks).filter(({ keepMs }) => keepMs !== undefined).length;
  if (marks > 4) refuse(`A maximum of 4 blocks with cache_control may be provided. Found ${marks}.`);
  return messages;
}

const BUDGET_MIN = 1_024;
const DOCS = 'https://docs.claude.com/en/docs/build-with-claude/extended-thinking';

function readThinking(body: JsonObject, choice: ToolChoice, tokensMax: number): { readonly shown: Thinking; readonly isRequired: boolean } {
  if (!given(body, 'thinking')) return { shown: undefined, isRequired: false };
  const config = objectAt('thinking', body['thinking']);
  const tag = tagAt(config, ['enabled', 'disabled', 'adaptive', 'between_tools']);
  const place: Place = { at: `thinking.${tag}`, value: config.value };
  if (tag === 'disabled' || tag === 'between_tools') {
    onlyFields(place, ['type']);
    return { shown: undefined, isRequired: false };
  }
  onlyFields(place, ['type', 'display', ...(tag === 'enabled' ? ['budget_tokens'] : [])]);
  if (tag === 'enabled') {
    const budget = countAt(`${place.at}.budget_tokens`, required(place, 'budget_tokens'), BUDGET_MIN);
    if (budget >= tokensMax)
      refuse(
        `\`max_tokens\` must be greater than \`thinking.budget_tokens\`. Please consult our documentation at ${DOCS}#max-tokens-and-context-window-size`,
      );
  }
  checkBeside(body, choice);
  const { display } = config.value;
  if (display !== undefined && display !== null) wordAt(`${place.at}.display`, display, ['summarized', 'omitted']);
  return { shown: display === 'omitted' ? 'omitted' : 'shown', isRequired: tag === 'enabled' };
}

/** What thinking does not go together with. */
function checkBeside(body: JsonObject, choice: ToolChoice): void {
  const docs = `Please consult our documentation at ${DOCS}#important-considerations-when-using-extended-thinking`;
  if (given(body, 'temperature') && body['temperature'] !== 1)
    refuse(`\`temperature\` may only be set to 1 when thinking is enabled. ${docs}`);
  if (given(body, 'top_k')) refuse(`\`top_k\` must be unset when thinking is enabled. ${docs}`);
  const topP = body['top_p'];
  if (typeof topP === 'number' && topP < 0.95)
    refuse(`\`top_p\` must be greater than or equal to 0.95 or unset when thinking is enabled. ${docs}`);
  if (choice.isForced) refuse('Thinking may not be enabled when tool_choice forces tool use.');
}

/** The vendor documents a text that makes the model think in secret, for tests. */
const REDACTION_TRIGGER = 'ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_';

function redactedIfAsked(shown: Thinking, asked: HistoryMessage | undefined): Thinking {
  return shown !== undefined && lastTextOf(asked).includes(REDACTION_TRIGGER) ? 'redacted' : shown;
}

function readFormat(body: JsonObject): unknown {
  const config = given(body, 'output_config') ? objectAt('output_config', body['output_config']) : undefined;
  if (config !== undefined) onlyFields(config, ['effort', 'format', 'task_budget']);
  const effort = config?.value['effort'];
  if (effort !== undefined && effort !== null) wordAt('output_config.effort', effort, ['low', 'medium', 'high', 'xhigh', 'max']);
  const [at, value] = config === undefined ? ['output_format', body['output_format']] : ['output_config.format', config.value['format']];
  if (value === undefined || value === null) return undefined;
  const format = objectAt(at, value);
  wordAt(`${at}.type`, required(format, 'type'), ['json_schema']);
  return objectAt(`${at}.schema`, required(format, 'schema')).value;
}

function isCited({ type, value }: Block): boolean {
  const { citations } = value;
  return (type === 'document' || type === 'search_result') && isObject(citations) && citations['enabled'] === true;
}

/** What the user said last; nothing when it was a tool that answered. */
function lastTextOf(message: HistoryMessage | undefined): string {
  if (message?.role !== 'user' || message.blocks.some(({ type }) => type === 'tool_result')) return '';
  return message.blocks
    .filter(({ type }) => type === 'text')
    .map(({ text }) => text)
    .join('\n');
}

function attachedTo(message: HistoryMessage | undefined): readonly string[] {
  const count = (wanted: string) => message?.blocks.filter(({ type }) => type === wanted).length ?? 0;
  return [...countOf(count('image'), 'image'), ...countOf(count('document'), 'document')];
}

interface PromptPieces {
  readonly tools: readonly AnthropicTool[];
  readonly system: readonly Block[];
  readonly messages: readonly HistoryMessage[];
  /** Of `cache_control` beside `messages`: the last block is marked. */
  readonly lastKeepMs: number | undefined;
}

/** Tokens that frame a message. */
const MESSAGE_TOKENS = 3;

function partsOf({ tools, system, messages, lastKeepMs }: PromptPieces): readonly PromptPart[] {
  const said = messages.flatMap(({ role, blocks }) =>
    blocks.map((block, index) => ({
      text: `${role}\n${block.type}\n${block.text}`,
      tokens: block.tokens + (index === 0 ? MESSAGE_TOKENS : 0),
      keepMs: block.keepMs,
    })),
  );
  const parts: PromptPart[] = [
    ...tools.map(({ text, keepMs }) => ({ text, tokens: estimateTokens(text), keepMs })),
    ...system.map(({ text, tokens, keepMs }) => ({ text: `system\n${text}`, tokens, keepMs })),
    ...said,
  ];
  const last = parts.at(-1);
  if (lastKeepMs !== undefined && last !== undefined) parts[parts.length - 1] = { ...last, keepMs: last.keepMs ?? lastKeepMs };
  return parts;
}

/** Named in errors about a model, before anything else is read. */
export function readModel(body: JsonObject): string {
  return textAt('model', required({ at: '', value: body }, 'model'));
}

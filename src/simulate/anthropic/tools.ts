/** The tools of a request to Anthropic, and which of them is to be called. */
import type { Tool } from '../answer.ts';
import { below, flagAt, listAt, matching, objectAt, onlyFields, type Place, refuse, required, tagAt, textAt, wordAt } from './check.ts';
import { keepMsOf } from './content.ts';

export interface AnthropicTool extends Tool {
  readonly text: string;
  readonly keepMs: number | undefined;
}

const TOOL_FIELDS = [
  'name',
  'input_schema',
  'type',
  'description',
  'cache_control',
  'strict',
  'defer_loading',
  'input_examples',
  'allowed_callers',
  'eager_input_streaming',
];
/** The vendor's own tools bear the day of their version, of which there are more than we know. */
const VENDOR_TYPE = /_\d{8}$/;
const VENDOR_EXAMPLES = ['bash_20250124', 'text_editor_20250728', 'web_search_20250305', 'web_fetch_20250910'];
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/;

/** Throws RequestRefused. */
export function readTools(value: unknown): readonly AnthropicTool[] {
  if (value === undefined || value === null) return [];
  const tools = listAt('tools', value).map((entry, index): AnthropicTool => {
    const tool = objectAt(`tools.${index}`, entry);
    const { type } = tool.value;
    if (!isOwn(type) && !(typeof type === 'string' && VENDOR_TYPE.test(type))) tagAt(tool, ['custom', ...VENDOR_EXAMPLES]);
    const place: Place = { at: `tools.${index}.${isOwn(type) ? 'custom' : String(type)}`, value: tool.value };
    const keepMs = keepMsOf(place.at, tool.value['cache_control']);
    // The vendor's own tools are known by their type, and call themselves what they like.
    if (!isOwn(type))
      return { name: String(tool.value['name'] ?? type), parameters: { type: 'object' }, text: JSON.stringify(entry), keepMs };
    onlyFields(place, TOOL_FIELDS);
    const name = matching(`${place.at}.name`, required(place, 'name'), TOOL_NAME);
    const schema = objectAt(`${place.at}.input_schema`, required(place, 'input_schema'));
    wordAt(`${schema.at}.type`, required(schema, 'type'), ['object']);
    return { name, parameters: schema.value, text: JSON.stringify({ ...tool.value, cache_control: undefined }), keepMs };
  });
  if (new Set(tools.map(({ name }) => name)).size < tools.length) refuse('tools: Tool names must be unique.');
  return tools;
}

function isOwn(type: unknown): boolean {
  return type === undefined || type === null || type === 'custom';
}

export interface ToolChoice {
  /** As in Question. */
  readonly tool: string | undefined;
  readonly isForced: boolean;
  readonly isParallel: boolean;
}

/** Throws RequestRefused. */
export function readToolChoice(value: unknown, tools: readonly Tool[]): ToolChoice {
  if (value === undefined || value === null) return { tool: undefined, isForced: false, isParallel: true };
  const choice = objectAt('tool_choice', value);
  const tag = tagAt(choice, ['auto', 'any', 'tool', 'none']);
  const place: Place = { at: `tool_choice.${tag}`, value: choice.value };
  onlyFields(place, ['type', ...(tag === 'none' ? [] : ['disable_parallel_tool_use']), ...(tag === 'tool' ? ['name'] : [])]);
  if (tools.length === 0 && tag !== 'none') refuse('tool_choice: tool_choice may only be specified while providing tools');
  const single = choice.value['disable_parallel_tool_use'];
  const isParallel = single === undefined ? true : !flagAt(below(place.at, 'disable_parallel_tool_use'), single);
  if (tag === 'auto') return { tool: undefined, isForced: false, isParallel };
  if (tag === 'none') return { tool: 'none', isForced: false, isParallel };
  if (tag === 'any') return { tool: 'required', isForced: true, isParallel };
  const name = textAt(below(place.at, 'name'), required(place, 'name'));
  if (!tools.some((tool) => tool.name === name)) refuse(`Tool '${name}' not found in provided tools`);
  return { tool: name, isForced: true, isParallel };
}

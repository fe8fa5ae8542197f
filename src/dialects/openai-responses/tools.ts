/* Tools, and which of them may be called. */

import type { ChatTool, ToolChoice } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { invalid } from '../dialect-request.ts';
import { NAME } from './name.ts';
import { objectAt, textAt, textOf, type Unread } from './unread.ts';

const FUNCTION_FIELDS: ReadonlySet<string> = new Set(['type', 'name', 'description', 'parameters', 'strict']);
const CUSTOM_FIELDS: ReadonlySet<string> = new Set(['type', 'name', 'description', 'format']);

/** Throws `request_invalid`. */
export function readTools(tools: unknown, unread: Unread): readonly ChatTool[] | undefined {
  if (!Array.isArray(tools) || tools.length === 0) return undefined;
  return tools.map((tool: unknown, index) => readTool(tool, `tools[${index}]`, unread));
}

function readTool(value: unknown, path: string, unread: Unread): ChatTool {
  const tool = objectAt(value, path);
  const { type, description, parameters, strict, format } = tool;
  if (type === 'function') {
    unread.note(tool, FUNCTION_FIELDS, 'tools[].');
    return {
      kind: 'function',
      name: textAt(tool, 'name', path),
      ...(typeof description === 'string' ? { description } : {}),
      ...(isRecord(parameters) ? { parameters } : {}),
      ...(typeof strict === 'boolean' ? { strict } : {}),
    };
  }
  if (type === 'custom') {
    unread.note(tool, CUSTOM_FIELDS, 'tools[].');
    return {
      kind: 'custom',
      name: textAt(tool, 'name', path),
      ...(typeof description === 'string' ? { description } : {}),
      ...(format === undefined || format === null ? {} : { format }),
    };
  }
  return { kind: 'native', dialect: NAME, name: textOf(tool['server_label']) ?? textAt(tool, 'type', path), value };
}

/**
 * Without `strict` this API tries to make a schema strict, and others do not: so it is said. A choice that was not made is told as `false`, which is what it
 * means elsewhere.
 */
export function writeTool(tool: ChatTool): unknown {
  switch (tool.kind) {
    case 'function': {
      const { name, description, parameters, strict } = tool;
      return {
        type: 'function',
        name,
        ...(description === undefined ? {} : { description }),
        parameters: parameters ?? null,
        strict: strict ?? false,
      };
    }
    case 'custom': {
      const { name, description, format } = tool;
      return {
        type: 'custom',
        name,
        ...(description === undefined ? {} : { description }),
        ...(format === undefined ? {} : { format: flatFormat(format) }),
      };
    }
    case 'native':
      return tool.value;
  }
}

/** Chat completions put the grammar into an object of its own. */
function flatFormat(format: unknown): unknown {
  return isRecord(format) && isRecord(format['grammar']) ? { type: 'grammar', ...format['grammar'] } : format;
}

/** Throws `request_invalid`. */
export function readToolChoice(value: unknown): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === 'auto' || value === 'none' || value === 'required') return { kind: value };
  if (!isRecord(value)) throw invalid('tool_choice', "'tool_choice' must be 'auto', 'none', 'required' or an object");
  const { type, mode, tools } = value;
  if (type === 'allowed_tools') {
    if (!Array.isArray(tools)) throw invalid('tool_choice.tools', "'tool_choice.tools' must be an array of tools");
    const names = tools.flatMap((tool: unknown) => (isRecord(tool) ? (textOf(nameOf(tool)) ?? []) : []));
    return { kind: 'allowed', names, required: mode === 'required' };
  }
  const name = textOf(nameOf(value));
  if (name === undefined) throw invalid('tool_choice', "'tool_choice' must name a tool");
  return { kind: 'tool', name };
}

/** A hosted tool is called by its type, a server of tools by its label. */
function nameOf(tool: Readonly<Record<string, unknown>>): unknown {
  return tool['name'] ?? tool['server_label'] ?? tool['type'];
}

export function writeToolChoice(choice: ToolChoice, tools: readonly ChatTool[]): unknown {
  const written = (name: string): unknown => {
    const tool = tools.find((each) => each.name === name);
    if (tool?.kind === 'custom') return { type: 'custom', name };
    if (tool?.kind !== 'native' || !isRecord(tool.value)) return { type: 'function', name };
    const { type, server_label: label } = tool.value;
    return typeof label === 'string' ? { type, server_label: label } : { type };
  };
  switch (choice.kind) {
    case 'tool':
      return written(choice.name);
    case 'allowed':
      return { type: 'allowed_tools', mode: choice.required ? 'required' : 'auto', tools: choice.names.map(written) };
    default:
      return choice.kind;
  }
}

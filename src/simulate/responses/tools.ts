/** The tools of a response, and which of them is to be called. */
import type { Tool } from '../answer.ts';
import { isObject, type JsonObject, shownAs } from '../json-instance.ts';
import { refuse } from '../openai-request.ts';
import { missing, need, wordOf, wrongType } from './check.ts';

export interface ResponseTool extends Tool {
  /** As the answer repeats it. */
  readonly echo: unknown;
  /** Takes text and no JSON. */
  readonly isCustom: boolean;
  /** The vendor's own: never called here. */
  readonly isHosted: boolean;
}

const NAME = /^[a-zA-Z0-9_-]{1,128}$/;

/** Throws RequestRefused. */
export function readTools(value: unknown): readonly ResponseTool[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return wrongType('tools', 'an array of objects', value);
  return value.map((entry: unknown, index) => {
    const at = `tools[${index}]`;
    if (!isObject(entry)) return wrongType(at, 'an object', entry);
    const type = need(entry, 'type', at);
    if (type !== 'function' && type !== 'custom') return { name: '', parameters: {}, echo: entry, isCustom: false, isHosted: true };
    const name = need(entry, 'name', at);
    if (!NAME.test(name)) {
      refuse(
        `Invalid '${at}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
        `${at}.name`,
        'invalid_value',
      );
    }
    return type === 'custom' ? customTool(name, entry) : functionTool(name, entry, at);
  });
}

function customTool(name: string, entry: JsonObject): ResponseTool {
  return {
    name,
    parameters: { type: 'string' },
    echo: { format: { type: 'text' }, description: null, ...entry },
    isCustom: true,
    isHosted: false,
  };
}

function functionTool(name: string, entry: JsonObject, at: string): ResponseTool {
  const parameters = entry['parameters'] ?? { type: 'object', properties: {} };
  if (!isObject(parameters)) return wrongType(`${at}.parameters`, 'an object', parameters);
  if (entry['strict'] === true)
    checkSchema(parameters, { what: `function '${name}'`, param: `${at}.parameters`, code: 'invalid_function_parameters' });
  const echo = { description: null, strict: true, ...entry, parameters };
  return { name, parameters, echo, isCustom: false, isHosted: false };
}

interface SchemaPlace {
  readonly what: string;
  readonly param: string;
  readonly code: string;
}

const DEPTH_MAX = 12;

/** Strict schemas close their objects and require all of their properties. Throws RequestRefused. */
export function checkSchema(schema: JsonObject, place: SchemaPlace, path: readonly string[] = []): void {
  if (path.length > DEPTH_MAX * 2) return;
  const context = path.length === 0 ? '()' : `(${path.map((step) => `'${step}'`).join(', ')}${path.length === 1 ? ',' : ''})`;
  const complain = (why: string) => refuse(`Invalid schema for ${place.what}: In context=${context}, ${why}`, place.param, place.code);
  if (path.length === 0 && schema['type'] !== 'object')
    complain(`schema must be a JSON Schema of 'type: "object"', got 'type: "${shownAs(schema['type'] ?? 'None')}"'.`);
  if (schema['type'] === 'object') {
    if (schema['additionalProperties'] !== false) complain("'additionalProperties' is required to be supplied and to be false.");
    const properties = isObject(schema['properties']) ? schema['properties'] : {};
    const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
    const left = Object.keys(properties).find((name) => !required.includes(name));
    if (left !== undefined)
      complain(`'required' is required to be supplied and to be an array including every key in properties. Missing '${left}'.`);
    for (const [name, inner] of Object.entries(properties)) if (isObject(inner)) checkSchema(inner, place, [...path, 'properties', name]);
  }
  if (isObject(schema['items'])) checkSchema(schema['items'], place, [...path, 'items']);
}

interface ToolChoice {
  /** As in Question. */
  readonly tool: string | undefined;
  /** Whether a tool may be called at all. */
  allowed(name: string): boolean;
}

const MODES = ['none', 'auto', 'required'] as const;

/** Throws RequestRefused. */
export function readToolChoice(value: unknown, tools: readonly ResponseTool[]): ToolChoice {
  const callable = (name: string) => tools.some((tool) => tool.name === name && !tool.isHosted);
  if (value === undefined || value === null) return { tool: undefined, allowed: callable };
  if (typeof value === 'string') {
    const mode = wordOf('tool_choice', value, MODES);
    if (mode === 'required' && tools.length === 0)
      refuse("Tool choice 'required' must be specified with 'tools' parameter.", 'tool_choice');
    return { tool: mode === 'auto' ? undefined : mode, allowed: callable };
  }
  if (!isObject(value)) return wrongType('tool_choice', 'one of an object or string', value);
  const type = need(value, 'type', 'tool_choice');
  if (type === 'allowed_tools') return allowedTools(value, callable);
  if (type !== 'function' && type !== 'custom') return { tool: undefined, allowed: callable };
  const name = need(value, 'name', 'tool_choice');
  if (!callable(name)) refuse(`Tool choice '${type}' not found in 'tools' parameter.`, 'tool_choice');
  return { tool: name, allowed: callable };
}

function allowedTools(value: JsonObject, callable: (name: string) => boolean): ToolChoice {
  const listed = value['tools'];
  if (listed === undefined) return missing('tool_choice.tools');
  if (!Array.isArray(listed)) return wrongType('tool_choice.tools', 'an array of objects', listed);
  const names = new Set(listed.map((tool: unknown) => (isObject(tool) ? tool['name'] : undefined)));
  const mode = wordOf('tool_choice.mode', value['mode'], ['auto', 'required']);
  return { tool: mode === 'auto' ? undefined : mode, allowed: (name) => names.has(name) && callable(name) };
}

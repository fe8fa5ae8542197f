/*
 * What the schemas refused, in words for whoever wrote the configuration.
 */

import type { z } from 'zod';
import { type ConfigPath, formatPath, valueAt } from './config-path.ts';
import { type AnySchema, boundsOf, schemasAt, shapesOf } from './schema-fields.ts';
import { isSecret } from './secret.ts';
import { nearest } from './suggestion.ts';

export interface Complaint {
  readonly path: ConfigPath;
  readonly message: string;
  readonly hint?: string;
  /** The name of the entry is at fault, not its value. */
  readonly aboutName: boolean;
}

type Issue = z.core.$ZodIssue;

/** The complaints behind the issues of one parse of `tree` against `root`, in the order of the issues. */
export function complaintsOf(issues: readonly Issue[], tree: unknown, root: AnySchema): Complaint[] {
  return issues.flatMap((issue) => complain(issue, { tree, root, base: [] }));
}

interface Scene {
  readonly tree: unknown;
  readonly root: AnySchema;
  /** Issues of a choice have paths from the choice. */
  readonly base: ConfigPath;
}

function complain(issue: Issue, scene: Scene): Complaint[] {
  const path = [...scene.base, ...issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)))];
  const value = valueAt(scene.tree, path);
  const about = (message: string, hint?: string): Complaint[] => [
    { path, message, aboutName: false, ...(hint === undefined ? {} : { hint }) },
  ];

  // Whatever else is said of it: it is missing.
  if (value === undefined && issue.code !== 'unrecognized_keys' && issue.code !== 'custom') return about('is required');
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownName(path, key, scene.root));
    case 'invalid_union':
      return chooseOption(issue, path, scene) ?? about(`must be ${expectation(scene.root, path)}`, hintForText(value, scene.root, path));
    case 'invalid_type':
      return about(`must be ${NAMES[issue.expected] ?? issue.expected}, not ${nameOfValue(value)}`, hintForText(value, scene.root, path));
    case 'invalid_value':
      return about(...oneOf(issue.values, value));
    case 'too_small':
    case 'too_big':
      return about(outOfBounds(issue, path, scene));
    case 'invalid_format':
      return about(
        issue.message.startsWith('Invalid')
          ? `must be ${FORMATS[issue.format] ?? `of the form ${issue.pattern ?? issue.format}`}`
          : issue.message,
      );
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues
        .flatMap((nested) => complain({ ...nested, path: [] }, { ...scene, base: path }))
        .map((made) => ({ ...made, aboutName: issue.code === 'invalid_key' }));
    case 'not_multiple_of':
      return about(`must be a multiple of ${issue.divisor}`);
    default:
      return about(issue.message);
  }
}

/** The complaints of the option that was meant: the one whose kind fits what is there. */
function chooseOption(issue: z.core.$ZodIssueInvalidUnion, path: ConfigPath, scene: Scene): Complaint[] | undefined {
  const fitting = issue.errors.filter(
    (errors) => !errors.some((error) => error.path.length === 0 && (error.code === 'invalid_type' || error.code === 'invalid_value')),
  );
  const best = fitting.toSorted((a, b) => a.length - b.length)[0];
  return best?.flatMap((nested) => complain(nested, { ...scene, base: path }));
}

function unknownName(parent: ConfigPath, name: string, root: AnySchema): Complaint {
  const path = [...parent, name];
  const siblings = schemasAt(root, parent).flatMap((schema) =>
    shapesOf(schema).flatMap((shape) => (shape.kind === 'section' ? [...shape.fields.keys()] : [])),
  );
  const near = nearest(name, siblings);
  const suggestion = near ?? elsewhere(name, root);
  const hint =
    suggestion === undefined
      ? siblings.length > 0 && siblings.length <= 12
        ? `known: ${siblings.join(', ')}`
        : undefined
      : `did you mean '${suggestion}'?`;
  return { path, message: 'unknown key', aboutName: true, ...(hint === undefined ? {} : { hint }) };
}

/** The only place in the whole configuration where this name is known. */
function elsewhere(name: string, root: AnySchema): string | undefined {
  const found = knownNames(root).filter((path) => path.at(-1) === name);
  return found.length === 1 && found[0] !== undefined ? formatPath(found[0]) : undefined;
}

/** Names in sections, not below records and lists. */
function knownNames(schema: AnySchema, path: ConfigPath = []): ConfigPath[] {
  return shapesOf(schema).flatMap((shape) =>
    shape.kind === 'section' ? [...shape.fields].flatMap(([name, field]) => [[...path, name], ...knownNames(field, [...path, name])]) : [],
  );
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a section',
  record: 'a section',
  array: 'a list',
};

const FORMATS: Readonly<Record<string, string>> = {
  url: 'a URL such as http://host:8000',
  email: 'an email address',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
};

function nameOfValue(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return (
    {
      object: 'a section',
      string: 'a text',
      number: Number.isInteger(value) ? 'a number' : 'a number with a fraction',
      boolean: 'true or false',
    }[typeof value as string] ?? typeof value
  );
}

/** Everything that a place takes: `a number or a text`. */
function expectation(root: AnySchema, path: ConfigPath): string {
  const kinds = schemasAt(root, path)
    .flatMap(shapesOf)
    .map((shape) => {
      if (shape.kind !== 'scalar') return shape.kind === 'list' ? 'a list' : 'a section';
      return shape.values.length > 0 ? shape.values.map((value) => `'${String(value)}'`).join(' or ') : (NAMES[shape.type] ?? shape.type);
    });
  return [...new Set(kinds)].join(' or ');
}

function oneOf(values: readonly unknown[], given: unknown): [message: string, hint?: string] {
  const known = values.map(String);
  const near = typeof given === 'string' ? nearest(given, known) : undefined;
  const message = known.length === 1 ? `must be '${known[0]}'` : `must be one of ${known.join(', ')}`;
  return near === undefined ? [message] : [message, `did you mean '${near}'?`];
}

function outOfBounds(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, path: ConfigPath, scene: Scene): string {
  const value = valueAt(scene.tree, path);
  const bounds = schemasAt(scene.root, path)
    .map(boundsOf)
    .find(({ min, max }) => min !== undefined && max !== undefined);
  const limit = issue.code === 'too_small' ? issue.minimum : issue.maximum;
  const side = issue.code === 'too_small' ? 'at least' : 'at most';
  switch (issue.origin) {
    case 'string':
      return `must have ${side} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
    case 'array':
      return `must have ${side} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
    default: {
      const shown = isSecret(scene.root, path, value) ? '' : `, not ${String(value)}`;
      return `must be ${bounds === undefined ? `${side} ${limit}` : `from ${bounds.min} to ${bounds.max}`}${shown}`;
    }
  }
}

/** YAML 1.2 knows `true` and `false` alone, and quotes make a text of a number. */
function hintForText(value: unknown, root: AnySchema, path: ConfigPath): string | undefined {
  if (typeof value !== 'string') return undefined;
  const types = new Set(
    schemasAt(root, path)
      .flatMap(shapesOf)
      .map((shape) => (shape.kind === 'scalar' ? shape.type : shape.kind)),
  );
  if (types.has('boolean')) {
    if (/^(?:yes|on)$/i.test(value)) return 'write true';
    if (/^(?:no|off)$/i.test(value)) return 'write false';
  }
  return types.has('number') && value.trim() !== '' && Number.isFinite(Number(value)) ? 'write it without quotes' : undefined;
}

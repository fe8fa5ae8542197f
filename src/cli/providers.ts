/** `gatehouse providers`: every kind of provider, what it speaks and does, and which variables find it. */

import { parseArgs } from 'node:util';
import type { ProviderDefinition } from '../providers/provider.ts';
import { PROVIDERS } from '../providers/registry.ts';
import { type Command, type CommandIo, UsageError, withUsage } from './command.ts';
import { tableText } from './table.ts';

const USAGE = `Usage: gatehouse providers [NAME] [options]

Lists the kinds of providers that a configuration may name: what each speaks and does, where it is, and which variables hold its key
and its address. With NAME all that is known of one kind.

      --json               as JSON
`;

export const providersCommand: Command = {
  name: 'providers',
  summary: 'List the kinds of providers: what each speaks and does, and which variable holds its key.',
  usage: USAGE,
  run: (args, io) => withUsage(providersCommand, io, () => Promise.resolve(run(args, io))),
};

function run(args: string[], io: CommandIo): number {
  const { values, positionals } = parseArgs({ args, options: { json: { type: 'boolean' } }, allowPositionals: true });
  const [name] = positionals;
  if (positionals.length > 1) throw new UsageError('providers takes one name');
  const shown = PROVIDERS.filter((definition) => name === undefined || definition.name === name);
  if (shown.length === 0) {
    io.stderr(`there is no kind of provider '${name}'; 'gatehouse providers' lists all\n`);
    return 1;
  }
  if (values.json === true) io.stdout(`${JSON.stringify(shown.map(asJson), undefined, 2)}\n`);
  else io.stdout(name === undefined ? list(shown) : shown.map(details).join('\n'));
  return 0;
}

function list(definitions: readonly ProviderDefinition[]): string {
  const rows = definitions.map((definition) => [
    definition.name,
    definition.title,
    definition.dialects.map(({ name }) => name).join(', '),
    operationsOf(definition).join(', '),
    variablesOf(definition).join(', ') || '-',
  ]);
  return tableText([['NAME', 'PROVIDER', 'DIALECTS', 'OPERATIONS', 'VARIABLES'], ...rows]);
}

function details(definition: ProviderDefinition): string {
  const { name, title, dialects, baseUrl, families } = definition;
  const rows: string[][] = [
    [name, title],
    ['  address', baseUrl ?? 'base_url says where it is'],
    ['  variables', variablesOf(definition).join(', ') || 'none'],
    ...(families === undefined ? [] : [['  its models', families.join(', ')]]),
    ...dialects.flatMap((spoken) => [
      [`  ${spoken.name}`, spoken.operations.join(', ')],
      ...(spoken.lacks === undefined ? [] : [['    lacks', spoken.lacks.join(', ')]]),
    ]),
  ];
  return tableText(rows);
}

function operationsOf({ dialects }: ProviderDefinition): string[] {
  return [...new Set(dialects.flatMap(({ operations }) => operations))];
}

/** The key's first. */
function variablesOf({ keyVariable, otherKeyVariables = [], urlVariables = [], variables = {} }: ProviderDefinition): string[] {
  return [...(keyVariable === undefined ? [] : [keyVariable]), ...otherKeyVariables, ...urlVariables, ...Object.values(variables)];
}

function asJson(definition: ProviderDefinition): object {
  const { name, title, dialects, baseUrl, keyVariable, otherKeyVariables, urlVariables, variables, families } = definition;
  return {
    name,
    title,
    dialects: dialects.map(({ name: dialect, operations, lacks }) => ({ name: dialect, operations, lacks: lacks ?? [] })),
    base_url: baseUrl ?? null,
    key_variable: keyVariable ?? null,
    variables: [...(otherKeyVariables ?? []), ...(urlVariables ?? []), ...Object.values(variables ?? {})],
    families: families ?? [],
  };
}

/** `gatehouse models [NAME]`: the catalogue, with what the configuration says of models. */

import { parseArgs } from 'node:util';
import { createGlob } from '../base/glob.ts';
import { systemClock } from '../base/system-clock.ts';
import { type Catalog, type CatalogModel, createCatalog, listedModels } from '../catalog/catalog.ts';
import { describeModel } from '../catalog/description.ts';
import { listedNames } from '../catalog/model-name.ts';
import { readSnapshot, type Snapshot, type SourceLine } from '../catalog/snapshot.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import { systemFiles, systemZeroConfig } from '../config/system-source.ts';
import { findServed, priceListOf } from '../gateway/model-description.ts';
import { createRouter } from '../routing/router.ts';
import { type Command, type CommandIo, UsageError, withUsage } from './command.ts';
import { countFiles, type FileCount } from './models/count-files.ts';
import { modelsTable } from './models/models-table.ts';
import { START_OPTIONS, START_OPTIONS_HELP, startOptions } from './start-options.ts';

const USAGE = `Usage: gatehouse models [NAME] [options]

Shows what the gateway knows of models: context window, most output tokens, prices in US dollars for a million tokens, capabilities. What is not
shown is not known. NAME is a model as anybody may write it ('gpt-4o-2024-11-20', 'us.anthropic.claude-opus-4-5-20251101-v1:0'), a part of a
name, 'LIST/MODEL', or a pattern with '*'. Without it, all are shown: first the models of the configuration and what its section catalog says.

      --count FILE         about how many tokens a file is (text, image, sound or PDF), for NAME; may stand several times
${START_OPTIONS_HELP}      --json               as JSON

Exit code 0: known; 1: nothing is known of NAME, or a file or the configuration can't be read; 2: asked for wrongly.
`;

export const modelsCommand: Command = {
  name: 'models',
  summary: 'Show what is known of models: windows, prices, capabilities.',
  usage: USAGE,
  run: (args, io) => withUsage(modelsCommand, io, () => run(args, io)),
};

/** One line of the table. */
export interface ModelRow {
  /** The price list, or `configuration`. */
  readonly list: string;
  readonly id: string;
  readonly model: CatalogModel;
}

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { ...START_OPTIONS, json: { type: 'boolean' }, count: { type: 'string', multiple: true } },
    allowPositionals: true,
  });
  const [name] = positionals;
  if (positionals.length > 1) throw new UsageError('models takes one name, or a part of one');
  let config: Config;
  try {
    ({ config } = await loadConfig({
      ...startOptions(values),
      environment: io.env,
      source: systemFiles(io.env, io.cwd),
      zeroConfig: systemZeroConfig(io.env, false),
    }));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.stderr(`${error.message}\n`);
    return 1;
  }
  const snapshot = readSnapshot();
  const rows = [...configuredRows(config, name), ...listedRows(snapshot, name)];
  if (rows.length === 0) {
    io.stderr(`nothing is known of '${name ?? ''}'; a price or a window can be given in the section catalog of the configuration\n`);
    return 1;
  }
  let count: FileCount | undefined;
  if (values.count !== undefined) {
    const counted = await countFiles(values.count, {
      cwd: io.cwd,
      model: name === undefined ? undefined : rowNamed(rows, name),
      nowMs: systemClock.now(),
    });
    if (typeof counted === 'string') {
      io.stderr(`${counted}\n`);
      return 1;
    }
    count = counted;
  }
  io.stdout(values.json === true ? asJson(rows, snapshot.sources, count) : asText(rows, snapshot.sources, count));
  return 0;
}

/** What the data has, list by list: what a name is taken for, and what has it in its own. */
function listedRows(snapshot: Snapshot, name: string | undefined): ModelRow[] {
  const matches = name === undefined ? () => true : createFilter(name);
  const meant = new Set<string>();
  for (const list of name === undefined ? [] : snapshot.lists.values()) {
    const form = listedNames(name ?? '', list.id).find((candidate) => list.find(candidate) !== undefined);
    if (form !== undefined) meant.add(`${list.id}/${list.find(form)?.id ?? ''}`);
  }
  return [...listedModels(snapshot)]
    .filter(({ list, id }) => meant.has(`${list}/${id}`) || matches(`${list}/${id}`, id))
    .map((model) => ({ list: model.list, id: model.id, model }));
}

/** The configured models by the names that callers use, then the entries of the section `catalog`; of a pattern, what it says of any model. */
function configuredRows(config: Config, name: string | undefined): ModelRow[] {
  const catalog = createCatalog(config.catalog);
  const router = createRouter(config);
  const matches = name === undefined ? () => true : createFilter(name);
  const row = (id: string, model: CatalogModel | undefined): ModelRow[] =>
    model === undefined ? [] : [{ list: 'configuration', id, model }];
  const served = router.names.filter((id) => matches(id, id)).flatMap((id) => row(id, findServed(catalog, router, id)));
  const entries = Object.keys(config.catalog.models).flatMap((key) => {
    if (router.names.includes(key) || (!matches(key, key) && !createGlob(key)(name ?? ''))) return [];
    const slash = key.indexOf('/');
    const provider = router.providers.get(key.slice(0, Math.max(0, slash)));
    if (provider === undefined) return row(key, catalog.find({ provider: '', list: undefined, model: key }));
    return row(key, catalog.find({ provider: provider.name, list: priceListOf(provider), model: key.slice(slash + 1) }));
  });
  return [...served, ...entries];
}

function createFilter(name: string): (full: string, id: string) => boolean {
  const wanted = name.toLowerCase();
  if (!wanted.includes('*')) return (full) => full.toLowerCase().includes(wanted);
  const matches = createGlob(wanted);
  return (full, id) => matches(full.toLowerCase()) || matches(id.toLowerCase());
}

/** Which of the rows is meant by a name: one of the configuration, else what the catalogue takes it for, else the first. */
function rowNamed(rows: readonly ModelRow[], name: string): CatalogModel | undefined {
  const catalog: Catalog = createCatalog({ models: {} });
  return rows.find(({ list, id }) => list === 'configuration' && id === name)?.model ?? catalog.known(name) ?? rows[0]?.model;
}

function asText(rows: readonly ModelRow[], sources: readonly SourceLine[], count: FileCount | undefined): string {
  const told = sources.map(({ source, package: name, version, published }) => `${source}: ${name} ${version}, ${published}`);
  const counted = count === undefined ? '' : `\n${count.text}\n`;
  return `${modelsTable(rows, systemClock.now())}\nUS dollars for a million tokens, without taxes and discounts.\n${told.join('\n')}\n${counted}`;
}

/** Scripts read this: names and nesting stay as they are. */
function asJson(rows: readonly ModelRow[], sources: readonly SourceLine[], count: FileCount | undefined): string {
  const nowMs = systemClock.now();
  const models = rows.map(({ list, id, model }) => ({
    id,
    list,
    ...(list === 'configuration' && model.id !== id ? { same_as: model.id } : {}),
    ...describeModel(model, nowMs),
  }));
  return `${JSON.stringify({ sources, models, ...(count === undefined ? {} : { count: count.json }) }, undefined, 2)}\n`;
}

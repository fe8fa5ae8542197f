/*
 * Presets: each is an older gateway, as a configuration file below the user's own. `presets/` holds the files; what they must give
 * is held against the originals' documents by test/presets/.
 */

import { join } from 'node:path';
import { type ConfigFile, type FileSource, readConfigFile } from './config-file.ts';
import { type ConfigPath, formatPath, isTree, type Tree, valueAt } from './config-path.ts';
import type { Environment } from './environment.ts';
import type { FlagValue } from './flags-layer.ts';
import type { Layers, Origin } from './layers.ts';
import { PRESETS } from './preset-config.ts';
import { givesKeysOfTheirOwn } from './safety.ts';
import type { AnySchema } from './schema-fields.ts';

/** The path in the configuration by which file and flags name a preset. */
const PATH = 'preset';
const VARIABLE = 'GATEHOUSE_PRESET';
const FOLDER = join(import.meta.dirname, '..', '..', 'presets');
const BYTES_MAX = 65_536;

interface Wish {
  readonly flags: readonly FlagValue[];
  readonly environment: Environment;
  /** What the configuration file says. */
  readonly file: Tree | undefined;
}

/** The preset that was asked for: by a flag, else by a variable, else in the file. Undefined also for a name that is none; validation says so. */
function wantedPreset({ flags, environment, file }: Wish): (typeof PRESETS)[number] | undefined {
  const wanted = flags.findLast(({ path }) => path === PATH)?.text ?? (environment[VARIABLE]?.trim() || file?.[PATH]);
  return PRESETS.find((name) => name === wanted);
}

export interface Preset extends ConfigFile {
  readonly preset: string;
}

/** Reads the preset that was asked for; undefined when none was. */
export async function readPreset(wish: Wish, deps: { readonly root: AnySchema; readonly source: FileSource }): Promise<Preset | undefined> {
  const preset = wantedPreset(wish);
  if (preset === undefined) return undefined;
  const path = join(FOLDER, `${preset}.yaml`);
  const found = { path, name: `preset ${preset}`, text: await deps.source.readFile(path, BYTES_MAX) };
  return { preset, ...(await readConfigFile(found, deps.root, { environment: {}, source: deps.source })) };
}

export function originInPreset({ preset, places }: Preset, path: ConfigPath): Origin {
  return { kind: 'preset', name: preset, line: places.get(formatPath(path))?.value.line ?? 1 };
}

/** The providers with their addresses, if nobody but the preset said where any of them is. */
export function providersOfPreset(layers: Layers): ReadonlyMap<string, string> {
  const { tree } = layers;
  const addresses = new Map<string, string>();
  for (const name of Object.keys(isTree(tree['providers']) ? tree['providers'] : {})) {
    const path = ['providers', name, 'base_url'];
    const url = valueAt(tree, path);
    if (typeof url !== 'string' || layers.originOf(path).kind !== 'preset') return new Map();
    addresses.set(name, url);
  }
  return addresses;
}

/**
 * The older gateways listened on every interface, with keys that everyone knows or with none. Here that waits until there are keys of
 * one's own: until then this machine alone is served, so that what their documents show works, and nobody else comes in. Whoever
 * names an address gets that address, or a refusal; so does production. Returns what to say of it.
 */
export function keepToThisMachine(layers: Layers): string[] {
  const { tree } = layers;
  if (layers.originOf(['server', 'host']).kind !== 'preset') return [];
  if (valueAt(tree, ['server', 'environment']) === 'production' || givesKeysOfTheirOwn(tree)) return [];
  const meant = String(valueAt(tree, ['server', 'host']));
  layers.assign({
    path: ['server', 'host'],
    value: '127.0.0.1',
    origin: { kind: 'zero-config', reason: `${meant} of the preset waits for keys of your own` },
  });
  const secret = valueAt(tree, ['auth', 'jwt', 'secret']) === undefined ? '' : ' and SECRET_KEY';
  return [`Listening on 127.0.0.1 alone, not on ${meant} as the older gateway did: set API_KEYS${secret} to be reached from elsewhere`];
}

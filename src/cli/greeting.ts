import type { Config } from '../config/config.ts';
import type { LoadedConfig } from '../config/load.ts';
import { unshared } from '../config/unshared.ts';

/** What a person sees when the gateway has started: where it is, what it knows, and a line to try. */
export function greeting(url: string, loaded: LoadedConfig, options: { readonly color: boolean }): string {
  const { config } = loaded;
  const paint = options.color ? (code: number, text: string) => `\u001b[${code}m${text}\u001b[0m` : (_code: number, text: string) => text;
  const key = shownKey(loaded);
  const model = exampleModel(config, loaded.simulate);
  const lines = [
    '',
    `  ${paint(1, 'Gatehouse')} is ready.`,
    '',
    `  API      ${paint(36, `${url}/v1`)}`,
    `  Health   ${url}/health`,
    `  Metrics  ${url}/metrics`,
    ...(config.docs.enabled ? [`  Docs     ${url}/docs`] : []),
    ...(key === undefined ? [] : [`  Key      ${key.key}   (${key.note})`]),
    ...foundLines(loaded),
    `  Models   ${modelsLine(loaded)}`,
    ...(config.preset === undefined ? [] : [`  Preset   ${config.preset}`]),
    ...workersLines(config),
    ...(loaded.file === undefined ? [] : [`  Config   ${loaded.file}`]),
  ];
  lines.push('', '  Try it:', '', ...curl(url, key?.key ?? placeholder(config), model).map((line) => `    ${line}`));
  return `${lines.join('\n')}\n\n`;
}

/** Where no file names the providers, which of them the environment gave. Each is asked for by its name in front, too. */
function foundLines({ config, file }: LoadedConfig): string[] {
  const names = Object.keys(config.providers);
  return file !== undefined || config.preset !== undefined || names.length < 2
    ? []
    : [`  Found    ${names.join(', ')}   (any model: NAME/model)`];
}

/** How many, and what they do not share: said where whoever started them looks. */
function workersLines(config: Config): string[] {
  if (config.server.workers === 1) return [];
  const apart = unshared(config);
  if (apart.length === 0) return [`  Workers  ${config.server.workers}, which share limits, cache and breaker news`];
  return [
    `  Workers  ${config.server.workers}, which do NOT share:`,
    ...apart.map(({ what, effect, setting }) => `             ${what}: ${effect} (${setting})`),
  ];
}

/** Only keys that are no secret are printed: the one that was made for this machine, and what an older gateway's documents show. */
export function shownKey(loaded: LoadedConfig): { readonly key: string; readonly note: string } | undefined {
  const key = loaded.config.auth.keys[0]?.key;
  if (key === undefined) return undefined;
  const { kind } = loaded.originOf(['auth', 'keys', 0, 'key']);
  if (kind === 'zero-config') return { key, note: 'for this machine' };
  return kind === 'preset' ? { key, note: 'documented, for development' } : undefined;
}

/** Keys that somebody configured are not printed: whoever runs the line puts theirs in. */
function placeholder({ auth, server }: Config): string | undefined {
  const isRequired = auth.required ?? (auth.keys.length > 0 || auth.jwt !== undefined || server.environment === 'production');
  return isRequired ? '$GATEHOUSE_KEY' : undefined;
}

function modelsLine({ config, simulate, standIns }: LoadedConfig): string {
  if (standIns.length > 0) return `simulated: ${standIns.join(' and ')} is nowhere here, so answers are made up`;
  if (simulate) return 'simulated: no provider is configured, so answers are made up (set OPENAI_API_KEY, or write gatehouse.yaml)';
  const names = Object.keys(config.models);
  const open = Object.entries(config.providers).flatMap(([name, provider]) =>
    provider.models.length === 0 ? [] : [`${name} (${provider.models.join(', ')})`],
  );
  const all = [...names, ...open];
  if (all.length === 0) return 'none';
  return all.length > 6 ? `${all.slice(0, 6).join(', ')} and ${all.length - 6} more` : all.join(', ');
}

function exampleModel(config: Config, simulated: boolean): string | undefined {
  if (simulated) return 'sim-1';
  return Object.keys(config.models)[0];
}

/** A line that works as it is. Where no model's name is sure, it asks which there are. */
function curl(url: string, key: string | undefined, model: string | undefined): string[] {
  const authorization = key === undefined ? [] : [`-H "Authorization: Bearer ${key}"`];
  const words =
    model === undefined
      ? [`curl ${url}/v1/models`, ...authorization]
      : [
          `curl ${url}/v1/chat/completions`,
          ...authorization,
          '-H "Content-Type: application/json"',
          `-d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello!"}]}'`,
        ];
  return words.map((word, index) => `${index === 0 ? '' : '  '}${word}${index === words.length - 1 ? '' : ' \\'}`);
}

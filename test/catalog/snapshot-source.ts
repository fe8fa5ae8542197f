/*
 * Makes the catalogue's data (src/catalog/models.jsonl) from the packages that have it; docs/decisions/0010-catalogue.md says why these. One line is
 * one thing, so that a new version of a package shows as a readable change.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ChatAnthropic } from '@langchain/anthropic';
import type { ModelProfile } from '@langchain/core/language_models/profile';
import { ChatGoogleGenerativeAI } from '@langchain/google-genai';
import { ChatOpenAI } from '@langchain/openai';
import { findProvider, type MatchLogic, type ModelInfo, type ModelPrice } from '@pydantic/genai-prices';
import type { FactsLine, ImageCounting, ModelLine, PricesLine, SourceLine } from '../../src/catalog/snapshot.ts';

const ROOT = dirname(dirname(import.meta.dir));

/** When the versions that we have were published (`npm view NAME time`): the age of what they say. */
const SOURCES: readonly (SourceLine & { readonly package: string })[] = [
  { source: 'prices', package: '@pydantic/genai-prices', version: '0.1.8', published: '2026-09-23' },
  { source: 'facts', package: '@langchain/openai', version: '1.5.8', published: '2026-08-15' },
  { source: 'facts', package: '@langchain/anthropic', version: '1.5.11', published: '2026-09-22' },
  { source: 'facts', package: '@langchain/google-genai', version: '2.3.2', published: '2026-09-12' },
];

/**
 * The price lists that we take, makers of models before those who run others' (what several list is shown in this order). Left out: subscriptions
 * (Cursor, GitHub Copilot) and resellers that no provider of ours is.
 */
export const LISTS = [
  'openai',
  'anthropic',
  'google',
  'mistral',
  'x-ai',
  'deepseek',
  'cohere',
  'voyageai',
  'moonshotai',
  'minimax',
  'zai',
  'aws',
  'azure',
  'groq',
  'cerebras',
  'together',
  'fireworks',
  'perplexity',
  'cloudflare',
  'novita',
  'baseten',
  'ovhcloud',
  'openrouter',
] as const;

/** The text of src/catalog/models.jsonl. */
export async function snapshotText(): Promise<string> {
  const lines: object[] = [];
  for (const source of SOURCES) lines.push(await checkedSource(source));
  for (const id of LISTS) {
    const list = findProvider({ providerId: id });
    if (list === undefined) throw new Error(`there is no price list '${id}' any more`);
    const fallbacks = (list.fallback_model_providers ?? []).filter((name) => LISTS.some((known) => known === name));
    lines.push({ list: id, title: list.name, ...(fallbacks.length === 0 ? {} : { fallbacks }) });
    for (const model of list.models) lines.push(modelLine(model));
  }
  lines.push(...factsLines());
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

async function checkedSource(source: (typeof SOURCES)[number]): Promise<SourceLine> {
  const manifest: { version: string } = JSON.parse(await readFile(join(ROOT, 'node_modules', source.package, 'package.json'), 'utf8'));
  if (manifest.version !== source.version)
    throw new Error(`${source.package} is ${manifest.version} by now: say so, and when it was published, in ${import.meta.file}`);
  return source;
}

function modelLine(model: ModelInfo): ModelLine {
  const match = 'or' in model.match ? model.match.or.map(rule) : [rule(model.match)];
  const conditional = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }];
  const prices = conditional.map(({ constraint, prices: rates }): PricesLine => {
    if (constraint === undefined) return ratesOf(rates);
    if (constraint.type === 'start_date') return { from: constraint.start_date, ...ratesOf(rates) };
    return { daily: [clockTime(constraint.start_time), clockTime(constraint.end_time)], ...ratesOf(rates) };
  });
  return {
    id: model.id,
    match,
    ...(model.context_window === undefined ? {} : { window: model.context_window }),
    ...(model.deprecated === true ? { deprecated: true } : {}),
    // What is counted in hours, pages or searches alone has no price for its tokens.
    ...(prices.some((rates) => Object.keys(rates).some((key) => key !== 'from' && key !== 'daily')) ? { prices } : {}),
  };
}

function rule(match: MatchLogic): ModelLine['match'][number] {
  if ('and' in match) return match.and.map(rule);
  if ('or' in match) throw new Error('alternatives inside of others: match-rule.ts has no form for them');
  if ('equals' in match) return `=${match.equals.toLowerCase()}`;
  if ('starts_with' in match) return `^${match.starts_with.toLowerCase()}`;
  if ('ends_with' in match) return `$${match.ends_with.toLowerCase()}`;
  if ('contains' in match) return `*${match.contains.toLowerCase()}`;
  return `/${match.regex}`;
}

/** `00:30:00Z` as it is: other zones would have to be computed, and no list has one. */
function clockTime(text: string): string {
  if (!/^\d\d:\d\d:\d\dZ$/.test(text)) throw new Error(`'${text}' is no time in UTC`);
  return text.slice(0, 8);
}

const RATE_KEYS: Readonly<Record<string, string>> = {
  input_mtok: 'input',
  cache_read_mtok: 'cached_input',
  cache_write_mtok: 'cache_write',
  cache_write_1h_mtok: 'cache_write_1h',
  output_mtok: 'output',
  output_reasoning_mtok: 'reasoning',
  input_audio_mtok: 'input_audio',
  cache_audio_read_mtok: 'cached_audio',
  output_audio_mtok: 'output_audio',
  input_image_mtok: 'input_image',
  output_image_mtok: 'output_image',
};

function ratesOf(prices: ModelPrice): PricesLine {
  const rates: Record<string, number | readonly [base: number, ...tiers: [above: number, price: number][]]> = {};
  for (const [key, value] of Object.entries(prices)) {
    if (value === undefined) continue;
    if (key === 'requests_kcount' && typeof value === 'number') rates['request'] = value / 1_000;
    const name = RATE_KEYS[key];
    if (name === undefined) continue;
    rates[name] =
      typeof value === 'number'
        ? value
        : [value.base, ...value.tiers.toSorted((a, b) => a.start - b.start).map((tier): [number, number] => [tier.start, tier.price])];
  }
  return rates;
}

/** What makers' models can do, by the names that their price lists have. */
function factsLines(): FactsLine[] {
  const makers: readonly { list: string; images: ImageCounting; profile: (model: string) => ModelProfile }[] = [
    { list: 'openai', images: 'tiles', profile: (model) => new ChatOpenAI({ model, apiKey: 'none' }).profile },
    { list: 'anthropic', images: 'area', profile: (model) => new ChatAnthropic({ model, apiKey: 'none' }).profile },
    { list: 'google', images: 'squares', profile: (model) => new ChatGoogleGenerativeAI({ model, apiKey: 'none' }).profile },
  ];
  return makers.flatMap(({ list, images, profile }) => {
    const names = (findProvider({ providerId: list })?.models ?? []).flatMap(({ id, match }) => [id, ...equalNames(match)]);
    return [...new Set(names)].sort().flatMap((name) => factsLine({ name, images }, profile(name)));
  });
}

function equalNames(match: MatchLogic): string[] {
  if ('or' in match) return match.or.flatMap(equalNames);
  return 'equals' in match ? [match.equals] : [];
}

function factsLine({ name, images }: { name: string; images: ImageCounting }, profile: ModelProfile): FactsLine[] {
  if (profile.maxInputTokens === undefined) return [];
  const isEmbedding = name.includes('embed');
  const can = {
    vision: profile.imageInputs,
    audio_input: profile.audioInputs,
    video_input: profile.videoInputs,
    file_input: profile.pdfInputs,
    image_output: profile.imageOutputs,
    audio_output: profile.audioOutputs,
    tools: profile.toolCalling,
    reasoning: profile.reasoningOutput,
    // The profiles say `false` where their own source says nothing, as of Claude models that do answer by a schema: then it is unknown.
    structured_output: profile.structuredOutput === true ? true : undefined,
  };
  const known = Object.entries(can).filter(([, able]) => able !== undefined);
  return [
    {
      facts: name,
      window: profile.maxInputTokens,
      // The data behind the profiles has the length of an embedding where other models have the length of an answer.
      ...(profile.maxOutputTokens === undefined
        ? {}
        : isEmbedding
          ? { dimensions: profile.maxOutputTokens }
          : { output: profile.maxOutputTokens }),
      ...(isEmbedding
        ? {}
        : {
            can: known.filter(([, able]) => able === true).map(([feature]) => feature),
            cannot: known.filter(([, able]) => able !== true).map(([feature]) => feature),
            ...(profile.imageInputs === true ? { images } : {}),
          }),
    },
  ];
}

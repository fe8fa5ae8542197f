/*
 * What the vendor's models refuse with a 400, by their names: the dialect is one, but its models are not. Names are looked for anywhere, since clouds
 * put regions and versions around them. A Claude that is not listed is newer than this table; any other name is of a compatible server, which takes
 * what the dialect can say.
 *
 * Source: platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting (thinking by model), /docs/en/api/errors (common validation errors),
 * /docs/en/about-claude/models/migration-guide, and the table in @ai-sdk/anthropic's getModelCapabilities. November 2026.
 */

export interface ModelLimits {
  /**
   * `budget`: told a number of tokens; `adaptive`: it decides, and takes an effort; `both`; `always`: adaptive, and can't be turned off;
   * `unknown`: as it was asked.
   */
  readonly thinking: 'budget' | 'adaptive' | 'both' | 'always' | 'unknown';
  /** No temperature, top_p, top_k. */
  readonly refusesSampling: boolean;
  /** Either temperature or top_p. */
  readonly refusesBothSamplings: boolean;
  /** Neither any tool nor a named one can be demanded. */
  readonly refusesForcedTools: boolean;
  /** With thinking turned off, no effort above `high`. */
  readonly refusesHighEffortUnthinking: boolean;
  /** `between_tools`: as little thinking as it can be told. */
  readonly thinksBetweenTools: boolean;
  /** A last message of the assistant's own words. */
  readonly refusesPrefill: boolean;
  /** Takes messages of the role `system` between turns. */
  readonly takesLateSystem: boolean;
  /** The most that may be asked for; undefined: not known. */
  readonly outputTokensMax: number | undefined;
}

const COMPATIBLE: ModelLimits = {
  thinking: 'unknown',
  refusesSampling: false,
  refusesBothSamplings: false,
  refusesForcedTools: false,
  refusesHighEffortUnthinking: false,
  thinksBetweenTools: false,
  refusesPrefill: false,
  takesLateSystem: false,
  outputTokensMax: undefined,
};

const OLDEST: ModelLimits = { ...COMPATIBLE, thinking: 'budget', outputTokensMax: 4_096 };
const BUDGETED: ModelLimits = { ...COMPATIBLE, thinking: 'budget', outputTokensMax: 64_000 };
const FOUR_FIVE: ModelLimits = { ...BUDGETED, refusesBothSamplings: true };
const FOUR_SIX: ModelLimits = { ...FOUR_FIVE, thinking: 'both', refusesPrefill: true, outputTokensMax: 128_000 };
const FOUR_SEVEN: ModelLimits = { ...FOUR_SIX, thinking: 'adaptive', refusesSampling: true };
const FOUR_EIGHT: ModelLimits = { ...FOUR_SEVEN, takesLateSystem: true };
const FIVE: ModelLimits = { ...FOUR_EIGHT, refusesHighEffortUnthinking: true };
const FABLE: ModelLimits = { ...FIVE, thinking: 'always' };
const FIVE_FIVE: ModelLimits = { ...FABLE, refusesForcedTools: true };

/** The first that matches. */
const TABLE: readonly (readonly [RegExp, ModelLimits])[] = [
  [/claude-sonnet-5-5/, { ...FIVE_FIVE, thinksBetweenTools: true }],
  [/claude-opus-5-5|claude-(?:fable|mythos)-5-[1-9]/, FIVE_FIVE],
  [/claude-(?:fable|mythos)-5/, FABLE],
  [/claude-mythos-preview/, FOUR_SIX],
  [/claude-sonnet-5|claude-opus-4-8/, FOUR_EIGHT],
  [/claude-opus-4-7/, FOUR_SEVEN],
  [/claude-[a-z]+-4-6/, FOUR_SIX],
  [/claude-[a-z]+-4-5/, FOUR_FIVE],
  [/claude-opus-4-1(?!\d)/, { ...FOUR_FIVE, outputTokensMax: 32_000 }],
  [/claude-opus-4(?:-0|-2025|@|$)/, { ...BUDGETED, outputTokensMax: 32_000 }],
  [/claude-sonnet-4(?:-0|-2025|@|$)|claude-3-7/, BUDGETED],
  [/claude-3-5/, { ...OLDEST, outputTokensMax: 8_192 }],
  [/claude-(?:instant|v?[12](?![\d])|3(?!\d))/, OLDEST],
  [/claude-[a-z]+-\d/, FIVE],
];

export function modelLimits(model: string): ModelLimits {
  return TABLE.find(([pattern]) => pattern.test(model))?.[1] ?? COMPATIBLE;
}

/** Every model of a compatible server that we know of takes as much. */
const COMPATIBLE_OUTPUT = 4_096;
/**
 * Room for an answer and for thoughts, without asking for an hour. Every Claude from 4 on takes it. More is not asked for unbidden: `max_tokens` and the prompt
 * must fit the window together, and a long talk with a coding agent would be refused for room that its answer never needs.
 */
const OUTPUT_DEFAULT = 32_000;

/** `max_tokens` for a caller who named none: the dialect can't do without. `known`: what the catalogue says of the model. */
export function defaultOutputTokens({ outputTokensMax }: ModelLimits, known: number | undefined): number {
  return Math.min(known ?? outputTokensMax ?? COMPATIBLE_OUTPUT, OUTPUT_DEFAULT);
}

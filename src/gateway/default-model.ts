/*
 * Which model answers a chat that names none. What the configuration says; else the name that the dialect would take, where there is a model of
 * that name; else the first that is configured. Where no model is configured at all, every name leads to the provider at hand, and it is
 * asked what it has.
 */

import { NEVER } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { ChatConfig } from '../routing/chat-config.ts';
import type { Router } from '../routing/router.ts';
import type { ModelList } from '../upstream/model-list.ts';

export interface DefaultModelDeps {
  readonly router: Pick<Router, 'names'>;
  readonly list: ModelList;
  readonly clock: Clock;
}

export type DefaultModel = (named: string) => string | Promise<string>;

/** For so long a provider is not asked again, also when it gave no answer. */
const FRESH_MS = 60_000;
const UNANSWERED_MS = 5_000;
/** Models that do not chat, by what they are usually called. */
const NO_CHAT = /embed|rerank|whisper|tts|moderation|dall-e|bge-|(^|[/-])e5-/i;

export function createDefaultModel(config: ChatConfig, deps: DefaultModelDeps): DefaultModel {
  const { default_model: configured } = config;
  if (configured !== undefined) return () => configured;
  const { names } = deps.router;
  if (names.length > 0) return (named) => choose(names, named);
  return createAsked(deps);
}

function createAsked({ list, clock }: DefaultModelDeps): DefaultModel {
  let known: { readonly names: readonly string[]; readonly untilMs: number } | undefined;
  let asking: Promise<readonly string[]> | undefined;
  const ask = async (): Promise<readonly string[]> => {
    try {
      const names = (await list.list(NEVER)).map(({ id }) => id);
      known = { names, untilMs: clock.monotonic() + (names.length > 0 ? FRESH_MS : UNANSWERED_MS) };
      return names;
    } finally {
      asking = undefined;
    }
  };
  return async (named) => {
    if (known !== undefined && clock.monotonic() < known.untilMs) return choose(known.names, named);
    return choose(await (asking ??= ask()), named);
  };
}

function choose(names: readonly string[], named: string): string {
  if (names.length === 0 || names.includes(named)) return named;
  return names.find((name) => !NO_CHAT.test(name)) ?? names[0] ?? named;
}

/*
 * Which names may be labels. Callers choose models, and so targets (`provider/anything`); a label that they could make any
 * number of would fill the memory of whoever scrapes.
 */

import { OTHER } from './metric-registry.ts';

/** Names that are not configured and became labels all the same, because an upstream answered under them. */
const LEARNED_MAX = 200;
const LENGTH_MAX = 200;

export interface LabelNames {
  /** What is configured now: models and aliases; targets (`provider/model`, and `provider/*` for a provider's other models) and services. */
  allow(names: { readonly models: Iterable<string>; readonly targets: Iterable<string> }): void;
  /** A model that an upstream answered for: configured, or one of the first 200 that are not; else `other`. */
  model(name: string): string;
  /** A target or service that was tried: configured, or `provider/*`; else `other`. */
  target(name: string): string;
}

export function createLabelNames(): LabelNames {
  let models: ReadonlySet<string> = new Set();
  let targets: ReadonlySet<string> = new Set();
  const learned = new Set<string>();

  return {
    allow(names) {
      targets = new Set(names.targets);
      models = new Set([...names.models, ...Array.from(targets, (target) => target.slice(target.indexOf('/') + 1))]);
    },
    model(name) {
      if (models.has(name) || learned.has(name)) return name;
      if (learned.size >= LEARNED_MAX || name.length > LENGTH_MAX) return OTHER;
      learned.add(name);
      return name;
    },
    target(name) {
      if (targets.has(name)) return name;
      const open = `${name.slice(0, Math.max(0, name.indexOf('/')))}/*`;
      return targets.has(open) ? open : OTHER;
    },
  };
}

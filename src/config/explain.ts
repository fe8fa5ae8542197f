/*
 * Every value in force and where it came from. Secrets are hidden here, and what looks like one is cut out of the rest.
 */

import { redactText } from '../telemetry/redaction.ts';
import { configSchema } from './config.ts';
import { type ConfigPath, eachLeaf, formatPath, valueAt } from './config-path.ts';
import { formatOrigin } from './layers.ts';
import type { LoadedConfig } from './load.ts';
import { formatQuantity } from './quantity.ts';
import { quantityOf, schemasAt } from './schema-fields.ts';
import { HIDDEN, isSecret, withoutCredentials } from './secret.ts';

export interface ExplainedValue {
  readonly path: string;
  /** As one would write it; `(secret, set)` in place of a secret. */
  readonly value: unknown;
  readonly origin: string;
}

/** All values at and below `path`, sorted by path. */
export function explain(loaded: LoadedConfig, path: ConfigPath = []): ExplainedValue[] {
  const values: ExplainedValue[] = [];
  const part = valueAt(loaded.config, path);
  if (part === undefined) return values;
  eachLeaf(part, (below, value) => {
    const at = [...path, ...below];
    if (value !== undefined) values.push({ path: formatPath(at), value: shown(at, value), origin: formatOrigin(loaded.originOf(at)) });
  });
  return values.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function shown(path: ConfigPath, value: unknown): unknown {
  if (isSecret(configSchema, path, value)) return HIDDEN;
  if (typeof value === 'string') return redactText(withoutCredentials(value));
  if (typeof value !== 'number') return value;
  const quantity = schemasAt(configSchema, path)
    .map(quantityOf)
    .find((found) => found !== undefined);
  return quantity === undefined ? value : formatQuantity(value, quantity.unit);
}

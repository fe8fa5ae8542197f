/*
 * Schemas for quantities as people write them: `5m`, `250ms`, `10MiB`. In code they are plain numbers: milliseconds and bytes.
 */

import { z } from 'zod';

const DURATION_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTE_UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
};

/** Milliseconds of `1500ms`, `1.5s`, `5m`, `2h`, `30d`; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, DURATION_UNITS_MS);
}

/** Bytes of `512`, `10kb` (1,000s), `10KiB` (1,024s), any case; undefined when it is no size. */
export function parseBytes(text: string): number | undefined {
  return parseQuantity(/^\d+$/.test(text) ? `${text}b` : text, BYTE_UNITS);
}

export interface QuantityLimits {
  /** In the base unit: milliseconds or bytes. */
  readonly min: number;
  readonly max: number;
}

/** A duration: a string with a unit, or a number of milliseconds. The value is milliseconds. */
export function duration(limits: QuantityLimits) {
  return quantity(limits, {
    parse: parseDuration,
    pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
    what: 'a duration such as "500ms", "10s" or "5m"',
    unit: 'ms',
  });
}

/** A size: a string with a unit, or a number of bytes. The value is bytes. */
export function bytes(limits: QuantityLimits) {
  return quantity(limits, {
    parse: parseBytes,
    pattern: '^\\d+(\\.\\d+)?([kKmMgG][iI]?)?[bB]?$',
    what: 'a size such as "64KiB" or "10MB"',
    unit: 'bytes',
  });
}

interface Form {
  parse(text: string): number | undefined;
  readonly pattern: string;
  readonly what: string;
  readonly unit: string;
}

function quantity(limits: QuantityLimits, form: Form) {
  return z
    .union([z.number(), z.string().regex(new RegExp(form.pattern), `must be ${form.what}`)])
    .transform((given, context) => {
      const value = typeof given === 'number' ? given : form.parse(given);
      if (value === undefined || !Number.isFinite(value)) {
        context.addIssue({ code: 'custom', message: `must be ${form.what}` });
        return z.NEVER;
      }
      if (value < limits.min || value > limits.max) {
        context.addIssue({ code: 'custom', message: `must be from ${limits.min} to ${limits.max} ${form.unit}` });
        return z.NEVER;
      }
      return value;
    })
    .meta({ quantity: { unit: form.unit, ...limits } }); // for whoever shows the value or documents it
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([a-z]+)$/i.exec(text.trim());
  const factor = units[match?.[2]?.toLowerCase() ?? ''];
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor;
}

const UNITS: Readonly<Record<'ms' | 'bytes', readonly (readonly [factor: number, suffix: string])[]>> = {
  ms: [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1_000, 's'],
    [1, 'ms'],
  ],
  bytes: [
    [1_073_741_824, 'GiB'],
    [1_048_576, 'MiB'],
    [1_024, 'KiB'],
    [1, 'b'],
  ],
};

/** A duration or size as one would write it, in the largest unit that divides it: `90s`, `64MiB`. Schemas read it back to the same value. */
export function formatQuantity(value: number, unit: 'ms' | 'bytes'): string {
  if (value === 0) return unit === 'ms' ? '0s' : '0b';
  const [factor, suffix] = UNITS[unit].find(([size]) => value % size === 0) ?? [1, unit === 'ms' ? 'ms' : 'b'];
  return `${value / factor}${suffix}`;
}

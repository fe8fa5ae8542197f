/** Prometheus' text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */

import type { Buckets, Family } from './metric-registry.ts';

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function metricsText(families: readonly Family[]): string {
  const parts: string[] = [];
  for (const { name, row, series } of families) {
    parts.push(`# HELP ${name} ${escapeHelp(row.help)}\n# TYPE ${name} ${row.type}\n`);
    for (const one of series) {
      const labels = row.labels.map((label, position) => `${label}="${escapeLabel(one.labels[position] ?? '')}"`).join(',');
      parts.push('cell' in one ? `${name}${braced(labels)} ${number(one.cell.value)}\n` : bucketsText(name, labels, one.buckets));
    }
  }
  return parts.join('');
}

function bucketsText(name: string, labels: string, buckets: Buckets): string {
  const prefix = labels === '' ? '' : `${labels},`;
  let text = '';
  let total = 0;
  buckets.bounds.forEach((bound, index) => {
    total += buckets.counts[index] ?? 0;
    text += `${name}_bucket{${prefix}le="${bound}"} ${total}\n`;
  });
  total += buckets.counts[buckets.bounds.length] ?? 0;
  return `${text}${name}_bucket{${prefix}le="+Inf"} ${total}\n${name}_sum${braced(labels)} ${number(buckets.sum)}\n${name}_count${braced(labels)} ${total}\n`;
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

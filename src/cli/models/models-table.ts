/* The catalogue as a table for people. */

import { describeModel } from '../../catalog/description.ts';
import { tableAt } from '../../catalog/prices.ts';
import type { ModelRow } from '../models.ts';

const HEAD = ['model', 'window', 'output', '$ in', '$ cached', '$ write', '$ out', 'can', ''] as const;

/** `nowMs`: whose prices are shown. */
export function modelsTable(rows: readonly ModelRow[], nowMs: number): string {
  const lines = rows.map((row) => cellsOf(row, nowMs));
  const widths = HEAD.map((title, column) => Math.max(title.length, ...lines.map((cells) => cells[column]?.length ?? 0)));
  return [HEAD, ...lines]
    .map(
      (cells) =>
        `${cells
          .map((cell, column) => padded(cell, widths[column] ?? 0, column))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function cellsOf({ list, id, model }: ModelRow, nowMs: number): readonly string[] {
  const { context_window, max_output_tokens, embedding_dimensions, pricing, capabilities = {} } = describeModel(model, nowMs);
  const can = Object.entries(capabilities).flatMap(([name, able]) => (able ? [name] : []));
  return [
    `${list}/${id}`,
    tokens(context_window),
    tokens(max_output_tokens),
    dollars(pricing?.input),
    dollars(pricing?.cached_input),
    dollars(pricing?.cache_write),
    dollars(pricing?.output),
    embedding_dimensions === undefined ? can.join(' ') : `embeddings of ${embedding_dimensions}`,
    notes({ list, id, model }, nowMs),
  ];
}

function notes({ list, id, model }: ModelRow, nowMs: number): string {
  const pricing = describeModel(model, nowMs).pricing;
  const table = tableAt(model.prices ?? [], nowMs);
  const above =
    pricing?.tiers?.map((tier) => `above ${tokens(tier.above_input_tokens)}: ${dollars(tier.input)}, ${dollars(tier.output)}`) ?? [];
  return [
    ...(list === 'configuration' && model.id !== id ? [`as ${model.id}`] : []),
    ...above,
    ...(pricing?.per_request === undefined ? [] : [`${pricing.per_request} a request`]),
    ...(table?.daily === undefined && !(model.prices ?? []).some(({ daily }) => daily !== undefined) ? [] : ['changes with the hour']),
    ...(model.deprecated ? ['deprecated'] : []),
  ].join('; ');
}

/** Names to the left, numbers to the right. */
function padded(cell: string, width: number, column: number): string {
  return column >= 1 && column <= 6 ? cell.padStart(width) : cell.padEnd(width);
}

function tokens(count: number | undefined): string {
  return count === undefined ? '' : count.toLocaleString('en-US');
}

function dollars(amount: number | undefined): string {
  return amount === undefined ? '' : String(amount);
}

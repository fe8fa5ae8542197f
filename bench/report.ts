/* What the bench prints and keeps: the table, what is behind it, and where it was measured. */
import type { Row, ScenarioResult } from './load/scenarios/scenario.ts';
import type { Provenance } from './machine.ts';
import type { BenchOptions } from './options.ts';

export interface Report {
  readonly provenance: Provenance;
  readonly options: BenchOptions;
  readonly subject: { readonly name: string; readonly about: string };
  readonly rows: readonly Row[];
  readonly scenarios: Readonly<Record<string, ScenarioResult>>;
}

/** The report as Markdown, which reads well in a terminal too. */
export function markdown(report: Report): string {
  const { provenance, options, subject } = report;
  const { machine } = provenance;
  const table = columns([
    ['work', 'target', 'measured', 'verdict'],
    ...report.rows.map(({ work, target, measured, verdict }) => [work, target, measured, verdict]),
  ]);
  return [
    `# Bench of ${subject.name}, ${provenance.date.slice(0, 16).replace('T', ' ')} UTC`,
    '',
    `${subject.about}. Commit ${provenance.commit}${provenance.dirty ? ', with changes that are in no commit' : ''}.`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Linux ${machine.kernel}, load average ${machine.loadBefore.toFixed(2)} before. ` +
      `${Object.entries(provenance.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}.`,
    `${options.rounds} paired rounds of ${options.roundMs / 1_000} s${options.quick ? ' (quick: not to be quoted)' : ''}; median (least–greatest).`,
    '',
    ...table,
    ...Object.entries(report.scenarios).flatMap(([name, { notes }]) =>
      notes.length === 0 ? [] : ['', `## ${name}`, '', ...notes.map((note) => `- ${note}`)],
    ),
    '',
  ].join('\n');
}

/** The file's name without its ending. A run that is partial, short or of a stand-in says so in its name. */
export function fileName(report: Report): string {
  const { provenance, options } = report;
  const marks = [
    provenance.dirty ? 'dirty' : '',
    options.subject === 'gatehouse' ? '' : options.subject,
    options.quick ? 'quick' : '',
    options.only.length > 0 ? options.only.join('-') : '',
  ];
  return [provenance.date.slice(0, 10), provenance.commit, ...marks.filter((mark) => mark !== '')].join('-');
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  return [lines[0] ?? '', `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...lines.slice(1)];
}

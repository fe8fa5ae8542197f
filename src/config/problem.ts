/*
 * What is wrong with a configuration, said so that it can be found and mended: all of it at once.
 */

export interface Problem {
  /** The configuration file; absent when the value came from elsewhere. */
  readonly file?: string;
  /** From 1; with `file` alone. */
  readonly line?: number;
  /** From 1, in UTF-16 units; with `file` alone. */
  readonly column?: number;
  /** Where the value came from when not from the file: `env PORT`, `flag --port`. */
  readonly source?: string;
  /** Path in the configuration (`server.port`); empty for the whole. */
  readonly path: string;
  /** Never holds the value of a secret. */
  readonly message: string;
  /** What to do, or what was meant. */
  readonly hint?: string;
}

/** `gatehouse.yaml:12:5: limits.default.per_minut: unknown key (did you mean 'per_minute'?)`. */
export function formatProblem(problem: Problem): string {
  const place =
    problem.file === undefined
      ? problem.source
      : [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  const said = [place, problem.path === '' ? undefined : problem.path, problem.message].filter((part) => part !== undefined).join(': ');
  return problem.hint === undefined ? said : `${said} (${problem.hint})`;
}

/** A configuration that cannot be used. The message lists every problem, one per line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];
  /** Files, absolute, whose change may mend it. */
  readonly dependencies: readonly string[];

  constructor(problems: readonly Problem[], dependencies: readonly string[] = []) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
    this.dependencies = dependencies;
  }
}

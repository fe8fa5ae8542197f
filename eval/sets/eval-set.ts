/* What a set of the evaluation is: where its data lies, and what it measures there. */

import type { EvalData } from '../data.ts';

/** One line of the table: the mean of its samples, held against its bar. */
export interface Figure {
  readonly what: string;
  /** One value per question, query or case: the interval is made by drawing from these. */
  readonly samples: readonly number[];
  /** The mean must not be less. */
  readonly atLeast?: number;
  /** The mean must not be greater. Without a bar, a figure is told and not judged. */
  readonly atMost?: number;
}

export interface EvalSet {
  /** In kebab case, as `--only` and the table name it. */
  readonly name: string;
  /** What is measured, in a sentence. */
  readonly about: string;
  /** Patterns of files below the data's folder. Where one of them matches nothing the set is skipped. None: its cases are its own. */
  readonly files: readonly string[];
  /** It asks an embedding server (`--embedder URL`), and is skipped without one. */
  readonly needsEmbedder?: true;
  /** Measures through the code that the gateway runs. The same data gives the same figures. */
  run(data: EvalData): Promise<readonly Figure[]>;
}

import { changedFacts } from './changed-facts.ts';
import { codeChunks } from './code-chunks.ts';
import type { EvalSet } from './eval-set.ts';
import { fusion } from './fusion.ts';
import { lexicalLocomo } from './lexical-locomo.ts';
import { memoryLocomo } from './memory-locomo.ts';
import { preferences } from './preferences.ts';
import { scifact } from './scifact.ts';
import { timeQuestions } from './time-questions.ts';

/** In the order of the table. */
export const EVAL_SETS: readonly EvalSet[] = [
  lexicalLocomo,
  memoryLocomo,
  timeQuestions,
  changedFacts,
  preferences,
  scifact,
  codeChunks,
  fusion,
];

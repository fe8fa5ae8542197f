/* Log probabilities of tokens. Source: ai.google.dev/api/generate-content#LogprobsResult. */

import type { TokenLogProbability } from '../../operations/chat.ts';
import { type Fields, fieldsOf, listOf } from './fields.ts';

type Row = Omit<TokenLogProbability, 'top'>;

export function readLogProbabilities(value: unknown): readonly TokenLogProbability[] | undefined {
  const result = fieldsOf(value);
  const top = listOf(result?.['topCandidates']);
  const rows = listOf(result?.['chosenCandidates']).flatMap((chosen, index) => {
    const row = readRow(chosen);
    if (row === undefined) return [];
    return [{ ...row, top: listOf(fieldsOf(top[index])?.['candidates']).flatMap((candidate) => readRow(candidate) ?? []) }];
  });
  return rows.length === 0 ? undefined : rows;
}

function readRow(value: unknown): Row | undefined {
  const candidate = fieldsOf(value);
  const token = candidate?.['token'];
  if (typeof token !== 'string') return undefined;
  const told = candidate?.['logProbability'];
  // Zero is left out on the wire. Half a character's bytes are not told: those of what stands in its place would be wrong.
  const bytes = token.includes('\ufffd') ? {} : { bytes: [...Buffer.from(token)] };
  return { token, logProbability: typeof told === 'number' ? told : 0, ...bytes };
}

export function writeLogProbabilities(tokens: readonly TokenLogProbability[] | undefined): Fields {
  if (tokens === undefined || tokens.length === 0) return {};
  const write = ({ token, logProbability }: Row) => ({ token, logProbability });
  return {
    avgLogprobs: tokens.reduce((total, { logProbability }) => total + logProbability, 0) / tokens.length,
    logprobsResult: { topCandidates: tokens.map(({ top }) => ({ candidates: top.map(write) })), chosenCandidates: tokens.map(write) },
  };
}

/* How hard to think, for dialects that say it in a word where another says it in tokens. */

/** Tokens up to which a budget is told as this effort: what vendors of both kinds name beside their efforts. */
const EFFORTS = [
  { effort: 'low', tokensMax: 2_048 },
  { effort: 'medium', tokensMax: 8_192 },
] as const;

/** The effort that comes closest to a budget. */
export function effortOfBudget(tokens: number): 'low' | 'medium' | 'high' {
  return EFFORTS.find(({ tokensMax }) => tokens <= tokensMax)?.effort ?? 'high';
}

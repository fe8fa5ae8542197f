/* What a reading of SQL notes on its way. */

/** What was met; a set of bits. */
export const MET = {
  logic: 1,
  comparison: 2,
  /** Between two constants: `1=1`. Nobody asks that of data. */
  constantComparison: 4,
  /** A function that attacks are made of, and little else: sleep(), xp_cmdshell(). */
  attackCall: 8,
  sqlCall: 16,
  subquery: 32,
  /** `@@version`. */
  systemVariable: 64,
  union: 128,
  /** A further statement. */
  stacked: 256,
  /** ORDER BY, HAVING, INTO OUTFILE … */
  clause: 512,
  /** The rest of the statement is switched off. */
  comment: 1_024,
  /** A string that the statement itself has to close. */
  open: 2_048,
  /** A number, string or other constant stood alone after a logical word: `or 1`. */
  constant: 4_096,
  /** A select list, or a clause, held something that is no plain word. */
  symbols: 8_192,
  arithmetic: 16_384,
  caseWhen: 32_768,
} as const;

/* Whether a question asks for what was so, rather than for what is. */

const CUES: readonly RegExp[] = [
  /(?<!\b(?:am|is|are|was|were|be|been|get|got|getting|become)\s(?:not\s)?)\bused? to\b/,
  /\b(?:previous(?:ly)?|former(?:ly)?|originally|initially|at first|once upon a time|no longer|any ?more|in the past|back then|back when|back in|at (?:the|that) time|in those days|in the old days|earlier on)\b/,
  /\bmy (?:old|previous|former|last|first|original|ex)\b/,
  /\bex-\p{L}/u,
  // "Where did I live before?", "what was it before I moved": not "before you go on".
  /\b(?:was|were|did|had)\b.*\bbefore\b/,
  /\b(?:switch|change|move|chang|switch|mov)(?:e|ed|ing)? (?:away )?from\b/,
];

export function isHistorical(text: string): boolean {
  const plain = text.toLowerCase().replaceAll('’', "'");
  return CUES.some((cue) => cue.test(plain));
}

/** "What do I do on Sundays?" names a time, and asks for what is so. */
export function isInPastTense(text: string): boolean {
  return PAST_TENSE.test(text);
}

const PAST_TENSE = /\b(?:was|were|did|had|been|happened|said|told|went|used)\b|\b\p{L}{2,20}ed\b/iu;

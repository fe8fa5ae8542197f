/** What this dialect's own signatures, uploads and native parts are marked with. */
export const ANTHROPIC_MESSAGES = 'anthropic-messages';

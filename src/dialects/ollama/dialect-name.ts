/** What native tools of this dialect are marked with. */
export const OLLAMA = 'ollama';

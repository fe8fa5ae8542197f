/** What signatures, uploads and native parts of this dialect are marked with. */
export const OPENAI_CHAT = 'openai-chat';

import { abilities } from '../../operations/chat-features.ts';

/** What this dialect can say. `near` says below by what. */
export const GEMINI_ABILITIES = abilities({
  yes: [
    'assistant-prefill',
    'images',
    'audio-input',
    'video-input',
    'tools',
    'native-tools',
    'native-tools-needed',
    'native-parts',
    'tool-choice-none',
    'tool-choice-required',
    'tool-choice-named',
    'tool-result-errors',
    'json-output',
    'reasoning-shown',
    'reasoning-history',
    'reasoning-signatures',
    'temperature',
    'top-p',
    'top-k',
    'frequency-penalty',
    'presence-penalty',
    'seed',
    'stop',
    'output-limit',
    'choices',
    'log-probabilities',
    'reply-reasoning',
    'reply-signatures',
    'reply-images',
    'reply-native',
    'reply-log-probabilities',
    'usage-cached',
    'usage-reasoning',
  ],
  near: [
    'image-urls', // with a media type, which is guessed from the address where nobody says it
    'files', // without their names
    'uploaded-files', // likewise
    'file-urls', // likewise, and with a guessed media type
    'tool-choice-allowed', // of one that must be called, its name
    'tool-result-media', // beside the result for models before the third generation
    'schema-output', // without the schema's name
    'reasoning-switch', // models differ in what may be said of thinking: thinking.ts
    'reasoning-effort',
    'reasoning-budget',
    'reply-citations', // sources by address, title and text; not places in documents
    'reply-audio', // what is said in it comes as text
  ],
});

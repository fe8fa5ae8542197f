import { abilities } from '../../operations/chat-features.ts';

/** What this dialect can say. `near` says below by what. */
export const BEDROCK_ABILITIES = abilities({
  yes: [
    'images',
    'uploaded-files', // objects of S3
    'file-context',
    'file-citations',
    'tools',
    'native-tools',
    'native-tools-needed',
    'native-parts',
    'strict-tools',
    'tool-result-media',
    'tool-result-errors',
    'reasoning-signatures',
    'output-limit',
    'reply-reasoning',
    'reply-signatures',
    'reply-native',
    'reply-stop-sequence',
    'usage-cached',
    'usage-cache-write',
  ],
  near: [
    'assistant-prefill', // for models that refuse it, followed by a turn of the user that asks to go on
    'files', // names lose what is refused in them; text of any unknown kind is txt
    'audio-input', // an address of the web is said as text
    'video-input', // likewise
    'tool-choice-none', // the tools are left out; where the talk has called some, the model is told in words
    'tool-choice-required', // the newest Claudes refuse it, and choose themselves
    'tool-choice-named', // likewise
    'tool-choice-allowed', // the other tools are left out
    'parallel-tool-calls', // for Claude alone
    'schema-output', // always strict
    'reasoning-switch', // models differ: settings-encode.ts
    'reasoning-effort',
    'reasoning-budget',
    'reasoning-shown',
    'reasoning-history', // not for Claude, who wants them signed
    'temperature', // 1 at most; some models take none
    'top-p',
    'top-k', // for Claude and Nova
    'stop', // Claude wants none of nothing but white space
    'metadata', // as far as their letters are allowed
    'service-tier', // default, flex, priority or reserved
    'cache-marks', // after blocks that can have one
    'reply-citations', // of a whole text
    'reply-images', // an address of the web is said as text
  ],
});

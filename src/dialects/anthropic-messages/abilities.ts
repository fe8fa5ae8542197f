import { abilities } from '../../operations/chat-features.ts';

/** What this dialect can say. `near` says below by what. */
export const ANTHROPIC_ABILITIES = abilities({
  yes: [
    'images',
    'image-urls',
    'file-urls',
    'uploaded-files',
    'file-context',
    'file-citations',
    'tools',
    'native-tools',
    'native-tools-needed',
    'native-parts',
    'tool-choice-none',
    'tool-result-media',
    'tool-result-errors',
    'reasoning-signatures',
    'output-limit',
    'user',
    'cache-marks',
    'reply-reasoning',
    'reply-signatures',
    'reply-native',
    'reply-stop-sequence',
    'usage-cached',
    'usage-cache-write',
    'usage-reasoning',
  ],
  near: [
    'system-anywhere', // in its place where the model takes it there, else before the talk
    'assistant-prefill', // for models that refuse it, followed by a turn of the user that asks to go on; spaces at its end are cut
    'files', // text of any kind is text/plain
    'tool-choice-required', // newer models refuse it, and choose themselves
    'tool-choice-named', // likewise
    'tool-choice-allowed', // the other tools are left out
    'parallel-tool-calls', // said with the choice of a tool, and so with tools alone
    'strict-tools', // schemas lose what the vendor's strict mode refuses
    'schema-output', // likewise, and the schema's name
    'reasoning-switch', // models differ in what may be said of thinking: dialect-claude-settings.ts
    'reasoning-effort',
    'reasoning-budget',
    'reasoning-shown', // summarized or omitted
    'temperature', // 1 at most; newer models, and thinking, take none
    'top-p',
    'top-k',
    'stop', // none of nothing but white space
    'service-tier', // auto or standard_only
    'reply-citations', // of a whole block of text
  ],
});

import { abilities, type ChatAbilities, type ChatFeature } from '../../operations/chat-features.ts';

/**
 * What a chat completion can say to OpenAI and to most of its kin. Fields that only some of them know are read from callers, and not said to targets:
 * `top_k`, `min_p`, `cache_control` are a 400 at OpenAI. Near:
 *
 *   developer-role      told as `system`, which all of them know, and OpenAI takes for the same
 *   reasoning-switch    `reasoning_effort: none`; switched on is the default of models that can
 *   reasoning-budget    an effort
 *   reasoning-history   thoughts since the last question, as `reasoning_content`: servers want them while tools are being called, and drop them later
 *   reply-citations     those of pages: `url_citation` has no word for places in documents
 *   reply-audio         what is said in it and the data, but not what kind of data
 */
export const ABILITIES: ChatAbilities = abilities({
  yes: [
    'system-anywhere',
    'message-names',
    'images',
    'image-urls',
    'image-detail',
    'files',
    'uploaded-files',
    'audio-input',
    'video-input',
    'tools',
    'custom-tools',
    'native-tools',
    'native-tools-needed',
    'native-parts',
    'tool-choice-none',
    'tool-choice-required',
    'tool-choice-named',
    'tool-choice-allowed',
    'parallel-tool-calls',
    'strict-tools',
    'json-output',
    'schema-output',
    'reasoning-effort',
    'reasoning-signatures',
    'temperature',
    'top-p',
    'frequency-penalty',
    'presence-penalty',
    'seed',
    'stop',
    'output-limit',
    'choices',
    'log-probabilities',
    'logit-bias',
    'user',
    'metadata',
    'service-tier',
    'verbosity',
    'prompt-cache-key',
    'store',
    'reply-reasoning',
    'reply-signatures',
    'reply-refusals',
    'reply-images',
    'reply-log-probabilities',
    'reply-stop-sequence',
    'usage-cached',
    'usage-cache-write',
    'usage-reasoning',
  ],
  near: ['developer-role', 'reasoning-switch', 'reasoning-budget', 'reasoning-history', 'reply-citations', 'reply-audio'],
});

/** What its kin know, and OpenAI's own would refuse; and a last message of the assistant, which no model here goes on with. */
export const HEARD: readonly ChatFeature[] = ['top-k', 'min-p', 'reasoning-shown', 'cache-marks', 'assistant-prefill'];

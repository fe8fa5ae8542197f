import { abilities, type ChatFeature } from '../../operations/chat-features.ts';

/**
 * What Cohere's chat can say. Documents of the request are read (message-decode.ts), and not said: it takes text alone, and text that is in a file is told as
 * a text. Near:
 *
 *   developer-role                     told as `system`
 *   tool-choice-named, -allowed        a tool must be called, and the others are left out
 *   strict-tools                       one word for all tools
 *   schema-output                      the schema's name and description are left out
 *   reasoning-effort                   a budget of tokens
 *   temperature                        1 at most
 *   top-p                              from 0.01 to 0.99
 *   frequency-, presence-penalty       from 0 to 1
 *   log-probabilities, reply-…         of the chosen tokens alone, without their bytes
 *   reply-citations                    a source has a title, a URL and a text, and no place in a document
 */
export const ABILITIES = abilities({
  yes: [
    'system-anywhere',
    'images',
    'image-urls',
    'image-detail',
    'tools',
    'tool-choice-none',
    'tool-choice-required',
    'json-output',
    'reasoning-switch',
    'reasoning-budget',
    'reasoning-history',
    'top-k',
    'seed',
    'stop',
    'output-limit',
    'reply-reasoning',
    'usage-cached',
  ],
  near: [
    'developer-role',
    'tool-choice-named',
    'tool-choice-allowed',
    'strict-tools',
    'schema-output',
    'reasoning-effort',
    'temperature',
    'top-p',
    'frequency-penalty',
    'presence-penalty',
    'log-probabilities',
    'reply-log-probabilities',
    'reply-citations',
  ],
});

/** Documents beside the talk, which are told as files; and a last message of the assistant, which no model here goes on with. */
export const HEARD: readonly ChatFeature[] = ['files', 'file-citations', 'assistant-prefill'];

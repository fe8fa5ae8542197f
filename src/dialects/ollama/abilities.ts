import { abilities, type ChatAbilities } from '../../operations/chat-features.ts';

/**
 * What a chat of Ollama's can say. Near:
 *
 *   tool-choice-none   the tools are left out
 *   schema-output      without its name and description
 *   reasoning-effort   `low`, `medium` and `high` are all the levels that its models know
 *   reasoning-budget   thinking is switched on
 */
export const ABILITIES: ChatAbilities = abilities({
  yes: [
    'system-anywhere',
    'assistant-prefill',
    'images',
    'tools',
    'json-output',
    'reasoning-switch',
    'reasoning-history',
    'temperature',
    'top-p',
    'top-k',
    'min-p',
    'frequency-penalty',
    'presence-penalty',
    'seed',
    'stop',
    'output-limit',
    'log-probabilities',
    'reply-reasoning',
    'reply-log-probabilities',
  ],
  near: ['tool-choice-none', 'schema-output', 'reasoning-effort', 'reasoning-budget'],
});

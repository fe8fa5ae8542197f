import { abilities, type ChatAbilities } from '../../operations/chat-features.ts';

/**
 * What a chat of Ollama's can say. Near:
 *
 *   tool-choice-none   the tools are left out
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
    'schema-output',
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
  near: ['tool-choice-none', 'reasoning-effort', 'reasoning-budget'],
});

/*
 * What a chat dialect may be able to say, feature by feature. Each dialect declares which it can (`ChatAbilities`); what survives a crossing follows
 * from the two declarations alone, and `GET /capabilities` tells it.
 */

/**
 * `request`: asked by the caller; `reply`: told by the target. `content`: without it the model would answer another question, or the caller read another
 * answer; `setting`: the answer is the same kind of answer all the same.
 */
interface FeatureRow {
  readonly side: 'request' | 'reply';
  readonly weight: 'content' | 'setting';
  readonly description: string;
}

const ask = (weight: FeatureRow['weight'], description: string): FeatureRow => ({ side: 'request', weight, description });
const tell = (weight: FeatureRow['weight'], description: string): FeatureRow => ({ side: 'reply', weight, description });

export const CHAT_FEATURES = {
  'system-anywhere': ask('setting', 'System messages after the first turn.'),
  'developer-role': ask('setting', 'Instructions of the developer apart from those of the system.'),
  'message-names': ask('setting', 'Names of speakers.'),
  'assistant-prefill': ask('setting', 'A last message of the assistant, which the answer goes on with.'),
  images: ask('content', 'Images in the request, as data.'),
  'image-urls': ask('content', 'Images in the request, by URL.'),
  'image-detail': ask('setting', 'How closely to look at an image.'),
  files: ask('content', 'Documents in the request, as data.'),
  'file-urls': ask('content', 'Documents in the request, by URL.'),
  'uploaded-files': ask('content', 'Media that were uploaded to the vendor before.'),
  'file-context': ask('setting', 'What a document is about, in words of its own.'),
  'file-citations': ask('setting', 'The wish that a document be cited.'),
  'audio-input': ask('content', 'Audio in the request.'),
  'video-input': ask('content', 'Video in the request.'),
  tools: ask('content', 'Functions that the model may call.'),
  'custom-tools': ask('content', 'Tools that take text instead of JSON.'),
  'native-tools': ask('setting', 'Tools that the vendor runs itself, offered beside others.'),
  'native-tools-needed': ask('content', 'Tools that the vendor runs itself, where one must be called, or there is no other.'),
  'native-parts': ask('content', 'Parts of messages that one dialect alone has a word for.'),
  'tool-choice-none': ask('setting', 'No tool may be called.'),
  'tool-choice-required': ask('setting', 'Some tool must be called.'),
  'tool-choice-named': ask('setting', 'One named tool must be called.'),
  'tool-choice-allowed': ask('setting', 'Some of the tools may be called.'),
  'parallel-tool-calls': ask('setting', 'Whether several tools may be called at once.'),
  'strict-tools': ask('setting', 'Arguments that must fit their schema.'),
  'tool-result-media': ask('content', 'Images and files in tool results.'),
  'tool-result-errors': ask('setting', 'A mark that a tool failed.'),
  'json-output': ask('setting', 'Any JSON as the answer.'),
  'schema-output': ask('content', 'JSON of a given schema as the answer.'),
  'reasoning-switch': ask('setting', 'Reasoning on or off.'),
  'reasoning-effort': ask('setting', 'How hard to reason, in words.'),
  'reasoning-budget': ask('setting', 'How much to reason, in tokens.'),
  'reasoning-shown': ask('setting', 'Whether thoughts are shown.'),
  'reasoning-history': ask('setting', 'Earlier thoughts, as text.'),
  'reasoning-signatures': ask('setting', "Earlier thoughts with the target vendor's own signature."),
  temperature: ask('setting', 'Sampling temperature.'),
  'top-p': ask('setting', 'Nucleus sampling.'),
  'top-k': ask('setting', 'Sampling among the k likeliest tokens.'),
  'min-p': ask('setting', 'Least probability relative to the likeliest token.'),
  'frequency-penalty': ask('setting', 'Penalty for frequent tokens.'),
  'presence-penalty': ask('setting', 'Penalty for tokens that were there before.'),
  seed: ask('setting', 'Seed of the sampling.'),
  stop: ask('setting', 'Texts that end the answer.'),
  'output-limit': ask('setting', 'The most tokens of an answer.'),
  choices: ask('content', 'Several answers to one question.'),
  'log-probabilities': ask('setting', 'Log probabilities of tokens.'),
  'logit-bias': ask('setting', 'Bias of single tokens.'),
  user: ask('setting', "The caller's end user."),
  metadata: ask('setting', 'Labels of the request.'),
  'service-tier': ask('setting', "The vendor's service tier."),
  verbosity: ask('setting', 'How long answers are to be.'),
  'prompt-cache-key': ask('setting', 'A hint for where a prompt is cached.'),
  store: ask('setting', 'Whether the vendor keeps the answer.'),
  'cache-marks': ask('setting', 'Marks in the prompt up to where it is worth caching.'),
  'reply-reasoning': tell('setting', 'Thoughts in the answer.'),
  'reply-signatures': tell('setting', 'Signatures of thoughts, so that they can be sent back.'),
  'reply-refusals': tell('setting', 'Refusals apart from text.'),
  'reply-citations': tell('setting', 'Citations.'),
  'reply-images': tell('content', 'Images in the answer.'),
  'reply-audio': tell('content', 'Audio in the answer.'),
  'reply-native': tell('setting', 'Parts of answers that one dialect alone has a word for.'),
  'reply-log-probabilities': tell('setting', 'Log probabilities in the answer.'),
  'reply-stop-sequence': tell('setting', 'Which stop text ended the answer.'),
  'usage-cached': tell('setting', 'Tokens read from a prompt cache.'),
  'usage-cache-write': tell('setting', 'Tokens written to a prompt cache.'),
  'usage-reasoning': tell('setting', 'Tokens of thoughts.'),
} as const satisfies Record<string, FeatureRow>;

export type ChatFeature = keyof typeof CHAT_FEATURES;

export const CHAT_FEATURE_NAMES = Object.keys(CHAT_FEATURES) as readonly ChatFeature[];

/**
 * `yes`: both ways, without loss. `near`: by something close to it (a budget for an effort), so it is reported as adapted. `no`: there is no word for it; an
 * encoder never meets it.
 */
export type Ability = 'yes' | 'near' | 'no';

/** What means something in its own dialect alone: on the way to another it is lost, whatever both can say. */
export const OWN_FEATURES: ReadonlySet<ChatFeature> = new Set([
  'uploaded-files',
  'native-tools',
  'native-tools-needed',
  'native-parts',
  'reply-native',
]);

export type ChatAbilities = Readonly<Record<ChatFeature, Ability>>;

/** All features that are not named, which is fewest words for most dialects. */
export function abilities(can: { readonly yes: readonly ChatFeature[]; readonly near?: readonly ChatFeature[] }): ChatAbilities {
  const table = Object.fromEntries(CHAT_FEATURE_NAMES.map((name) => [name, 'no'])) as Record<ChatFeature, Ability>;
  for (const name of can.near ?? []) table[name] = 'near';
  for (const name of can.yes) table[name] = 'yes';
  return table;
}

/** What becomes of a feature on the way from one dialect to the other: a reply's features travel the other way, so it is the same for both. */
export function survives(from: ChatAbilities, to: ChatAbilities, feature: ChatFeature): Ability {
  if (from[feature] === 'no' || to[feature] === 'no') return 'no';
  return from[feature] === 'near' || to[feature] === 'near' ? 'near' : 'yes';
}

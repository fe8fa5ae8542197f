/**
 * `POST /v1/moderations`. A category is flagged when the input says its name (`violence`, `self-harm/intent`) or one of a few plain words;
 * with the fault `refusal`, all are. Scores follow from the input. Pictures are judged by their address.
 */
import { wholeReply } from './delivery.ts';
import { FAILURE_IN_BAND, failureBody, insteadOfAnswer } from './failures.ts';
import { isObject, type JsonObject } from './json-instance.ts';
import { modelUnknown, refuse } from './openai-request.ts';
import { JSON_HEADERS, type ModerationReply } from './openai-shapes.ts';
import { estimateTokens, hash, hashDigits, seededRandom } from './text.ts';
import { askedModel, isServed, seedOf, type Visit } from './visit.ts';

const MODEL_DEFAULT = 'omni-moderation-latest';
const INPUTS_MAX = 1_024;

/** Each category with the words that it is found by, and whether pictures are judged by it. */
const CATEGORIES = {
  harassment: { words: ['harassment', 'idiot', 'loser'], images: false },
  'harassment/threatening': { words: ['harassment/threatening', 'i will hurt you'], images: false },
  hate: { words: ['hate', 'subhuman'], images: false },
  'hate/threatening': { words: ['hate/threatening'], images: false },
  illicit: { words: ['illicit', 'steal', 'launder'], images: false },
  'illicit/violent': { words: ['illicit/violent', 'bomb'], images: false },
  'self-harm': { words: ['self-harm', 'hurt myself'], images: true },
  'self-harm/instructions': { words: ['self-harm/instructions'], images: true },
  'self-harm/intent': { words: ['self-harm/intent', 'i want to hurt myself'], images: true },
  sexual: { words: ['sexual', 'porn'], images: true },
  'sexual/minors': { words: ['sexual/minors'], images: false },
  violence: { words: ['violence', 'kill', 'murder'], images: true },
  'violence/graphic': { words: ['violence/graphic', 'gore'], images: true },
} as const;

type Category = keyof typeof CATEGORIES;
const NAMES = Object.keys(CATEGORIES) as Category[];

/** Throws RequestRefused; rejects when the client leaves. */
export async function moderations(body: JsonObject, visit: Visit): Promise<Response> {
  const model = body['model'] ?? MODEL_DEFAULT;
  if (typeof model !== 'string') return refuse("Invalid type for 'model': expected a string.", 'model', 'invalid_type');
  const { name, faults } = askedModel(visit, model);
  if (name !== MODEL_DEFAULT && !isServed(visit.world.options, name)) throw modelUnknown(name);
  const inputs = readInputs(body['input']);
  const tokens = inputs.reduce((total, input) => total + estimateTokens(input.text), 0);
  const failed = await insteadOfAnswer(faults, visit, tokens);
  if (failed !== undefined) return failed;

  const seed = seedOf(visit, faults);
  const key = inputs.map((input) => `${input.kinds.join()}\n${input.text}`).join('\n');
  const reply: ModerationReply = {
    id: `modr-${hashDigits(`${name}\n${key}`, seed, 32)}`,
    model: name,
    results: inputs.map((input) => resultOf(input, faults.refusal === true, seed)),
  };
  const failure = failureBody(FAILURE_IN_BAND, 'openai');
  return wholeReply({ headers: JSON_HEADERS, seed: hash(key, seed), tokenCount: 1, body: JSON.stringify(reply), failure }, faults, visit);
}

interface Input {
  readonly text: string;
  readonly kinds: readonly ('text' | 'image')[];
}

/** A text, a list of texts, each judged by itself, or a list of parts, judged as one. Throws RequestRefused. */
function readInputs(input: unknown): readonly Input[] {
  if (input === undefined) return refuse("Missing required parameter: 'input'.", 'input', 'missing_required_parameter');
  if (typeof input === 'string') return [{ text: input, kinds: ['text'] }];
  if (!Array.isArray(input) || input.length === 0)
    return refuse("Invalid type for 'input': expected a string or an array.", 'input', 'invalid_type');
  if (input.length > INPUTS_MAX) return refuse(`Invalid 'input': at most ${INPUTS_MAX} inputs.`, 'input', 'array_above_max_length');
  if (input.every((entry) => typeof entry === 'string')) return input.map((text) => ({ text, kinds: ['text'] }));
  const parts = input.map((part: unknown, index) => readPart(part, index));
  return [{ text: parts.map((part) => part.text).join('\n'), kinds: [...new Set(parts.map((part) => part.kind))].sort().toReversed() }];
}

function readPart(part: unknown, index: number): { readonly text: string; readonly kind: 'text' | 'image' } {
  const param = `input[${index}]`;
  if (!isObject(part)) return refuse(`Invalid type for '${param}': expected an object.`, param, 'invalid_type');
  if (part['type'] === 'text' && typeof part['text'] === 'string') return { text: part['text'], kind: 'text' };
  const image = part['image_url'];
  if (part['type'] === 'image_url' && isObject(image) && typeof image['url'] === 'string') return { text: image['url'], kind: 'image' };
  return refuse(`Invalid value for '${param}'. Supported types are: 'text' and 'image_url'.`, param, 'invalid_value');
}

function resultOf(input: Input, isAll: boolean, seed: number): ModerationReply['results'][number] {
  const said = input.text.toLowerCase();
  const random = seededRandom(hash(input.text, seed));
  const rows = NAMES.map((name) => {
    const { words, images } = CATEGORIES[name];
    const kinds = input.kinds.filter((kind) => kind === 'text' || images);
    const noise = random();
    const flagged = kinds.length > 0 && (isAll || words.some((word) => isSaid(word, said)));
    return { name, kinds, flagged, score: flagged ? 0.8 + noise / 10 : noise / 1_000 };
  });
  const by = <Value>(value: (row: (typeof rows)[number]) => Value) =>
    Object.fromEntries(rows.map((row) => [row.name, value(row)])) as Record<Category, Value>;
  return {
    flagged: rows.some((row) => row.flagged),
    categories: by((row) => row.flagged),
    category_scores: by((row) => row.score),
    category_applied_input_types: by((row) => row.kinds),
  };
}

/** As a word, not within one: a skill kills nobody. `hate/threatening` is a word of its own. */
function isSaid(word: string, said: string): boolean {
  for (let at = said.indexOf(word); at !== -1; at = said.indexOf(word, at + 1)) {
    const [before = ' ', after = ' '] = [said[at - 1], said[at + word.length]];
    if (!/[a-z0-9-]/.test(before) && !/[a-z0-9/-]/.test(after)) return true;
  }
  return false;
}

/*
 * A model has many names: with the date of a snapshot, with `-latest`, with its maker in front, as a resource of a cloud. Which of them mean
 * the same is decided here, once. Every function gives the forms of one name, the one that was given first: whoever looks for a name takes
 * the first form that is known.
 */

/** Longer names are cut: no model has one, and callers may write any. */
const NAME_LENGTH_MAX = 256;

/** `-20250929`, `-2025-09-29`, at the end or before a version as Amazon Bedrock writes it. */
const DATE = /-(20\d\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?=$|-v\d)/;

/** Inference profiles of Amazon Bedrock: where a request may be computed. `regional` is the price list's own word. */
const REGION = /^(?:regional|us-gov|us|eu|apac|jp|au|ca|sa|mx|in|global)\.(?=[a-z0-9-]+\.)/;

/**
 * What a price list may have a model under. Dates are tried as they stand, in the other spelling, and left out at last: a snapshot that no list
 * names costs what its model does.
 */
export function listedNames(model: string, list: string): readonly string[] {
  const forms = [model.trim().slice(0, NAME_LENGTH_MAX).toLowerCase()];
  const add = (change: (name: string) => string): void => {
    const changed = change(forms.at(-1) ?? '');
    if (changed !== '' && !forms.includes(changed)) forms.push(changed);
  };
  add(withoutPath);
  add((name) => (name.startsWith(`${list}/`) ? name.slice(list.length + 1) : name));
  add(withoutAt);
  add(otherDate);
  add((name) => name.replace(REGION, ''));
  add((name) => name.replace(DATE, '').replace(/-latest$/, ''));
  return forms;
}

/** What its maker may call it, wherever it runs: `us.anthropic.claude-opus-4-5-20251101-v1:0` is Anthropic's `claude-opus-4-5`. */
export function makerNames(model: string): readonly string[] {
  const listed = listedNames(model, '');
  const plain = listed.map((name) =>
    name
      .slice(name.lastIndexOf('/') + 1)
      .replace(REGION, '')
      .replace(/^[a-z][a-z0-9-]*\.(?=[a-z])/, '')
      .replace(/:[a-z0-9.-]+$/, '')
      .replace(/-v\d+$/, ''),
  );
  const dateless = plain.map((name) => name.replace(DATE, ''));
  // OpenRouter and Copilot write versions with a dot where Anthropic has a dash.
  const dashed = dateless.map((name) => name.replace(/(?<=\d)\.(?=\d)/g, '-'));
  return [...new Set([...listed, ...plain, ...dateless, ...dashed])];
}

/** The last part of an ARN, of `models/x` (Gemini) and of `projects/…/publishers/…/models/x` (Vertex). */
function withoutPath(name: string): string {
  if (name.startsWith('arn:')) return name.slice(name.lastIndexOf('/') + 1);
  return name.replace(/^(?:[^\s]*\/)?models\//, '');
}

/** Vertex AI writes versions after an `@`. */
function withoutAt(name: string): string {
  return name.replace(/@(?:default|latest)$/, '').replace('@', '-');
}

/** `20250929` as `2025-09-29`, and the other way round. */
function otherDate(name: string): string {
  const [date, year, month, day] = DATE.exec(name) ?? [];
  if (date === undefined) return name;
  return name.replace(date, date.length > '-20250929'.length ? `-${year}${month}${day}` : `-${year}-${month}-${day}`);
}

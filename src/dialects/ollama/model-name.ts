/*
 * Ollama's names are `model:tag`, and without a tag mean `latest`: `llama3.2` and `llama3.2:latest` are one model. Its clients know that;
 * some write the tag out before they ask.
 */

const LATEST = ':latest';

/** The name with its tag. A colon before the last slash belongs to a registry's port. */
export function withTag(name: string): string {
  return name.indexOf(':', name.lastIndexOf('/') + 1) === -1 ? name + LATEST : name;
}

/** The other name of the same model, or undefined where its tag is another than `latest`. */
export function otherName(name: string): string | undefined {
  if (name.endsWith(LATEST)) return name.slice(0, -LATEST.length);
  const tagged = withTag(name);
  return tagged === name ? undefined : tagged;
}

/*
 * The name of an uploaded file is the caller's word: it is kept to be shown, and never opens, names or types anything. What could mislead
 * whoever reads it, or a program that saves under it, is taken out all the same.
 */

const LENGTH_MAX = 200;
/** Of a longer one only the end is looked at. */
const LOOKED_AT_MAX = 1_000;
const EXTENSION_MAX = 16;
/** Names that Windows gives to devices, with any extension. Source: Microsoft, "Naming Files, Paths, and Namespaces". */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
/** Control characters; marks that turn the direction of writing around; characters without width, but for the joiners that emoji need. */
const HIDDEN = /[\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;
const RESERVED = /[<>:"|?*]/g;

/** A name of 1 to 200 characters without path, for display; `document` when nothing is left of what was given. */
export function displayName(given: string | undefined): string {
  const last = (given ?? '').split(/[/\\]/).at(-1) ?? '';
  const cleaned = last
    .slice(-LOOKED_AT_MAX)
    .toWellFormed()
    .normalize('NFC')
    .replace(HIDDEN, '')
    .replace(RESERVED, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '');
  if (cleaned === '') return 'document';
  return shortened(DEVICE.test(cleaned) ? `_${cleaned}` : cleaned);
}

/** The extension in lower case, without its dot; empty when there is none. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  const extension = dot < 1 ? '' : name.slice(dot + 1);
  return extension.length > EXTENSION_MAX ? '' : extension.toLowerCase();
}

/** Cuts the middle, so that the extension stays; never inside a character. */
function shortened(name: string): string {
  const characters = Array.from(name);
  if (characters.length <= LENGTH_MAX) return name;
  const extension = extensionOf(name);
  const tail = extension === '' ? '' : `.${name.slice(-extension.length)}`;
  return `${characters.slice(0, LENGTH_MAX - tail.length - 1).join('')}…${tail}`;
}

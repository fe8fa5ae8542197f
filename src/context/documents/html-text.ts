import { Parser } from 'htmlparser2';

/** What is in a page but not for its reader. (`head` is not here: its end tag may be left out, and what is in it hides itself.) */
const HIDDEN: ReadonlySet<string> = new Set(['script', 'style', 'noscript', 'template', 'svg', 'math', 'iframe', 'object']);
/** Elements that stand on lines of their own. */
const BLOCKS: ReadonlySet<string> = new Set(
  `address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4
  h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p pre section summary table tbody tfoot thead title tr ul`.split(
    /\s+/,
  ),
);
const PARAGRAPHS: ReadonlySet<string> = new Set('blockquote dl figure h1 h2 h3 h4 h5 h6 ol p pre section table title ul'.split(' '));

/**
 * The text of a page as its reader sees it: entities decoded, blocks on lines of their own, cells parted by tabs, list items marked; its
 * title first. The parser keeps no tree, so nesting costs nothing.
 */
export function htmlToText(html: string): string {
  const writer = new TextWriter();
  let hiddenIn: string | undefined;
  let hiddenDepth = 0;
  let preDepth = 0;
  const parser = new Parser(
    {
      onopentag(name) {
        if (hiddenIn !== undefined) {
          if (name === hiddenIn) hiddenDepth += 1;
          return;
        }
        if (HIDDEN.has(name)) {
          hiddenIn = name;
          hiddenDepth = 1;
          return;
        }
        if (name === 'pre') preDepth += 1;
        if (name === 'td' || name === 'th') writer.cell();
        if (BLOCKS.has(name)) writer.breakLine(PARAGRAPHS.has(name) ? 2 : 1);
        if (name === 'li') writer.write('- ');
      },
      ontext(text) {
        if (hiddenIn === undefined) {
          if (preDepth > 0) writer.writeAsIs(text);
          else writer.write(text.replace(/\s+/g, ' '));
        }
      },
      onclosetag(name) {
        if (hiddenIn !== undefined) {
          if (name === hiddenIn && --hiddenDepth === 0) hiddenIn = undefined;
          return;
        }
        if (name === 'pre') preDepth -= 1;
        if (BLOCKS.has(name)) writer.breakLine(PARAGRAPHS.has(name) ? 2 : 1);
      },
    },
    { decodeEntities: true, lowerCaseTags: true },
  );
  parser.end(html);
  return writer.text();
}

/** Puts words beside each other with one space, and blocks under each other with at most one empty line. */
class TextWriter {
  readonly #parts: string[] = [];
  #breaks = 0;
  #endsWithSpace = true;
  #rowHasCell = false;

  write(text: string): void {
    const isBlank = text.trim() === '';
    if (isBlank && (this.#breaks > 0 || this.#endsWithSpace)) return;
    this.#startLine();
    this.writeAsIs(this.#endsWithSpace ? text.trimStart() : text);
  }

  writeAsIs(text: string): void {
    if (text === '') return;
    this.#startLine();
    this.#parts.push(text);
    this.#endsWithSpace = /\s$/.test(text);
  }

  #startLine(): void {
    if (this.#breaks === 0) return;
    if (this.#parts.length > 0) this.#parts.push('\n'.repeat(this.#breaks));
    this.#breaks = 0;
    this.#endsWithSpace = true;
  }

  breakLine(count: number): void {
    this.#breaks = Math.max(this.#breaks, count);
    this.#rowHasCell = false;
  }

  cell(): void {
    if (this.#rowHasCell) {
      this.#parts.push('\t');
      this.#endsWithSpace = true;
    }
    this.#rowHasCell = true;
  }

  text(): string {
    // Not by a regular expression: one that looks for spaces before an end of line takes time by the square of a long run of spaces.
    const lines = this.#parts.join('').split('\n');
    return lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trim();
  }
}

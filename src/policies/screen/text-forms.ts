/*
 * What a text may be read as further on: percent-decoded once and twice, without its HTML entities or the escapes of a script, in the
 * plain letters that full-width ones stand for. Each form is looked at for itself; most texts have one.
 */

/** Forms of one text. A text that hides deeper than this is not decoded by accident, either. */
const FORMS_MAX = 6;

/** The text, and what it may become when it is decoded; at most `FORMS_MAX` of them. Linear. */
export function textForms(text: string): readonly string[] {
  if (!ENCODED.test(text)) return [text];
  const forms = [text];
  for (let index = 0; index < forms.length && forms.length < FORMS_MAX; index += 1) {
    const form = forms[index] ?? '';
    for (const decode of DECODERS) {
      const decoded = decode(form);
      if (decoded !== form && !forms.includes(decoded) && forms.length < FORMS_MAX) forms.push(decoded);
    }
  }
  return forms;
}

// oxlint-disable-next-line no-control-regex
const ENCODED = /%[\da-fu]|&(?:#|[a-z]+;?)|\\[xu][\da-f{]|[^\u0000-\u00ff]/i;

const DECODERS = [decodePercent, decodeEntities, decodeEscapes, decodeLookalikes] as const;

/** Escapes that are none stay as they are; bytes that are no UTF-8 become U+FFFD. */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  return text
    .replaceAll(/%u([\da-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll(/(?:%[\da-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());
}

const NAMED: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  tab: '\t',
  newline: '\n',
  colon: ':',
  lpar: '(',
  rpar: ')',
  lsqb: '[',
  rsqb: ']',
  grave: '`',
  sol: '/',
  bsol: '\\',
  equals: '=',
  semi: ';',
  comma: ',',
  period: '.',
  num: '#',
  excl: '!',
  plus: '+',
  ast: '*',
  commat: '@',
};

/** Numbers, and the names of the characters that matter here. Browsers do without the semicolon, and take any number of zeros. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(/&(#x[\da-f]{1,32}|#\d{1,32}|[a-z]{2,8});?/gi, (whole, said: string) => {
    if (!said.startsWith('#')) return NAMED[said.toLowerCase()] ?? whole;
    const isHex = said[1] === 'x' || said[1] === 'X';
    return character(isHex ? Number.parseInt(said.slice(2), 16) : Number(said.slice(1)));
  });
}

/** The escapes of JSON and JavaScript, where a text is written in one of them. */
function decodeEscapes(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\(?:x[\da-f]{2}|u[\da-f]{4}|u\{[\da-f]{1,6}\})/gi, (escape) =>
    character(Number.parseInt(escape.replaceAll(/[\\xu{}]/gi, ''), 16)),
  );
}

/** Nothing, where there is no such character. */
function character(code: number): string {
  return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : '';
}

/** Full-width letters, and the quotes that some databases take for the plain one. */
function decodeLookalikes(text: string): string {
  // oxlint-disable-next-line no-control-regex
  if (!/[^\u0000-\u00ff]/.test(text)) return text;
  return text
    .normalize('NFKC')
    .replaceAll(/[\u02b9\u02bc\u2018\u2019\u2032]/g, "'")
    .replaceAll(/[\u2039\u3008\u2329]/g, '<')
    .replaceAll(/[\u203a\u3009\u232a]/g, '>');
}

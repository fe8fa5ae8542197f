/*
 * Text of others, as a quotation that a model is shown: whatever stands in it, it stays one.
 *
 *   - every line begins with `> `, so that nothing in it begins a line of ours, a delimiter least of all. What breaks a line anywhere (a paragraph
 *     separator, a vertical tab) breaks it here, too;
 *   - what is invisible or turns the reading around is taken out: controls, overrides of direction, zero-width characters, tags (by which whole texts can be
 *     hidden in what looks like nothing);
 *   - what a model server might take for more than text gets a backslash: tokens of chat templates (`<|im_start|>`, `[INST]`, `</s>`), marks of roles
 *     (`Human:`), tags of ours and of prompts; also where it is written with letters that only look like these.
 *
 * Everything else stays as it is: words, code, layout.
 */

/** Brackets that look like, or are folded to, `<`. */
const ANGLE = /[<\u02c2\u1438\u2039\u2329\u276e\u27e8\u3008\ufe3f\ufe64\uff1c]/g;
const BAR = /^[|\u00a6\u01c0\u2223\u2502\u2758\uff5c\uffe8]/;
const SLASH = /^[/\u2044\u2215\u29f8\uff0f\\]/;
const SQUARE = /[[\u3010\uff3b]/g;
const COLON = /[:\u02d0\u2236\ua789\ufe13\ufe55\uff1a]/;

/** What comes behind the bracket of a tag that means something to a prompt or a chat template. */
const TAG_WORD =
  /^(?:im_|system|sys\b|user|human|assistant|developer|model\b|tools?\b|tool_|functions?\b|function_|invoke|parameter|antml|s>|bos|eos|pad>|unk>|start_of|end_of|begin_of|eot|eom|endoftext|turn|think|reasoning|channel|message|inst\b|instruction|prompt|gatehouse|context|documents?\b|memor|search_result|admin|important|policy)/;
const TEMPLATE_WORD =
  /^\/?(?:inst|sys|system_prompt|available_tools|tool_calls?|tool_results?|tool_content|img|prefix|suffix|middle)[\]\u3011\uff3d]/;
const ROLE_LINE =
  /^[\s#*_>"'`~|-]{0,12}(?:human|user|assistant|system|developer|ai|bot|model|tool|function|chatgpt|claude|gpt|instructions?|response|prompt)[\s*_"'`]{0,4}:/;

const HEAD_CHARS = 48;
/** What is seen as nothing, or next to nothing, between two letters. */
const JOINERS = /\u200c|\u200d|\ufe0f/g;
const BETWEEN = /\s|\u200c|\u200d|\ufe0f/g;

/** The text as a quotation; at least one line, without a line end behind it. Time grows with its length alone. */
export function quoteText(text: string): string {
  return visible(text)
    .split('\n')
    .map((line) => `> ${neutral(line)}`.trimEnd())
    .join('\n');
}

/** A name or a title on one line, without what could end the brackets around it; at most about `charsMax` characters. */
export function quoteName(text: string, charsMax: number): string {
  const line = visible(text.slice(0, charsMax * 4))
    .split('\n')
    .map((part) => neutral(part.trim()))
    .join(' ')
    .replaceAll(/[[\]<>"`\t\u3010\u3011\uff3b\uff3d]/g, "'")
    .trim();
  return line.length > charsMax ? `${line.slice(0, charsMax - 1).toWellFormed()}…` : line;
}

// Line ends of all kinds.
// oxlint-disable-next-line no-control-regex
const LINE_ENDS = /\r\n?|[\u000b\u000c\u0085\u2028\u2029]/g;
// Controls; soft hyphen, marks and overrides of direction, zero-width spaces and joiners of words, fillers; annotations; tags and rare variation selectors. What
// joins letters and emoji (U+200C, U+200D, U+FE0F) stays: scripts need it.
const INVISIBLE =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/gu;

function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(LINE_ENDS, '\n')
    .replaceAll(INVISIBLE, '')
    .replaceAll(/\n[ \t]*(?:\n[ \t]*){2,}/g, '\n\n')
    .replaceAll(/^\n+|\s+$/g, '');
}

function neutral(line: string): string {
  const tags = line.replaceAll(ANGLE, (bracket, at: number) => (isTag(line.slice(at + 1, at + HEAD_CHARS)) ? `${bracket}\\` : bracket));
  const templates = tags.replaceAll(SQUARE, (bracket, at: number) =>
    TEMPLATE_WORD.test(folded(tags.slice(at + 1, at + HEAD_CHARS).replaceAll(BETWEEN, ''))) ? `${bracket}\\` : bracket,
  );
  const head = templates.slice(0, HEAD_CHARS);
  if (!COLON.test(head) || !ROLE_LINE.test(folded(head.replaceAll(JOINERS, '')))) return templates;
  const colon = COLON.exec(templates)?.index ?? 0;
  return `${templates.slice(0, colon)}\\${templates.slice(colon)}`;
}

/** Whether what stands behind an angle bracket makes it one of a token, of a closing tag, or of a tag that prompts use. */
function isTag(rest: string): boolean {
  const next = rest.replaceAll(BETWEEN, '');
  return BAR.test(next) || SLASH.test(next) || TAG_WORD.test(folded(next));
}

/** Letters of other scripts that are drawn like Latin ones. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  а: 'a',
  с: 'c',
  ԁ: 'd',
  е: 'e',
  һ: 'h',
  і: 'i',
  ї: 'i',
  ј: 'j',
  ӏ: 'l',
  о: 'o',
  р: 'p',
  ԛ: 'q',
  ѕ: 's',
  ѵ: 'v',
  ԝ: 'w',
  х: 'x',
  у: 'y',
  к: 'k',
  м: 'm',
  н: 'h',
  т: 't',
  в: 'b',
  п: 'n',
  α: 'a',
  ε: 'e',
  ι: 'i',
  κ: 'k',
  ν: 'v',
  ο: 'o',
  ρ: 'p',
  τ: 't',
  υ: 'u',
  χ: 'x',
  η: 'n',
  μ: 'u',
  ı: 'i',
  ɑ: 'a',
  ɡ: 'g',
  ⅼ: 'l',
  ʜ: 'h',
  ɴ: 'n',
  ᴍ: 'm',
};

function folded(text: string): string {
  const plain = text.normalize('NFKC').toLowerCase();
  // Most text is plain already.
  // oxlint-disable-next-line no-control-regex
  if (/^[\u0000-\u007f]*$/.test(plain)) return plain;
  let result = '';
  for (const character of plain.normalize('NFD')) {
    if (/\p{Mn}/u.test(character)) continue;
    result += COLON.test(character) ? ':' : (LOOKALIKES[character] ?? character);
  }
  return result;
}

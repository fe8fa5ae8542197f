/*
 * Whether a value, put into a page, would run as script there. It is looked at as the three things a page may make of it: HTML between
 * tags; the rest of an attribute, or of a string in a script, that it breaks out of; and an address.
 *
 * Markup that runs nothing (`<b>`, `<img src=…>`, `<div style=…>`) is none of our business, and neither is a tag that prose only
 * names: "put it in a <script> tag". HTML code that does run something cannot be told from an attack: it is one, in the wrong place.
 */

import { type HtmlAttribute, type HtmlTag, readAttribute, readTag } from './html-tags.ts';
import { decodeEntities } from './text-forms.ts';

/** Whether the text holds script that a page would run. Linear in its length. */
export function isXss(text: string): boolean {
  if (!CANDIDATE.test(text)) return false;
  return holdsActiveTag(text) || isActiveAddress(text) || MARKDOWN_LINK.test(text) || breaksOut(text) || TEMPLATE.test(text);
}

const CANDIDATE =
  /[<`]|(?:script|data|constructor)["'\s\]]*[:.[]|\bon[a-z]{3,}\s*=|["'][^\w]{0,16}(?:alert|prompt|confirm|eval|print|document|window|location|top|self|fetch|import)\b|\+ADw-/i;

/** [text](javascript:…) */
const MARKDOWN_LINK = /\]\(\s*(?:javascript|vbscript|data:text\/html)[:;,]/i;

/** Ways out of the sandbox of template languages that run in pages. */
const TEMPLATE = /constructor\s*(?:\.|\[\s*['"])\s*constructor|\+ADw-\s*(?:script|img|svg)/i;

function holdsActiveTag(text: string): boolean {
  let at = text.indexOf('<');
  // Tags inside the quotes of others are read again: markup that people write stays far below this.
  let attributesLeft = ATTRIBUTES_LEAST + text.length / 4;
  while (at !== -1) {
    const next = text[at + 1];
    if (next === '!' || next === '?') {
      if (isActiveDeclaration(text.slice(at, at + 256))) return true;
      at = text.indexOf('<', at + 1);
      continue;
    }
    const tag = readTag(text, at);
    if (tag !== undefined && isActiveTag(text, tag)) return true;
    attributesLeft -= tag?.attributes.length ?? 0;
    if (attributesLeft < 0) return true;
    // What a quote swallows in this reading, it may not in another page; but a quote of many pages is read once.
    const from = tag === undefined ? at + 1 : Math.max(at + 1, tag.end - REREAD_MAX);
    at = text.indexOf('<', from);
  }
  return false;
}

const ATTRIBUTES_LEAST = 1_024;
const REREAD_MAX = 512;

/** Entities that files are read through, and Internet Explorer's conditional comments. */
function isActiveDeclaration(text: string): boolean {
  return /^<!entity\b[^>]{0,100}\b(?:system|public)\b|^<\?(?:xml-stylesheet|import)\b|^<!--\[if\b/i.test(text);
}

const LOADS_OTHERS: ReadonlyMap<string, RegExp> = new Map([
  ['iframe', /^(?:src|srcdoc)$/],
  ['frame', /^src$/],
  ['object', /^(?:data|classid|codebase)$/],
  ['embed', /^(?:src|code)$/],
  ['applet', /^(?:code|archive|codebase)$/],
  ['base', /^href$/],
  ['import', /^implementation$/],
  ['portal', /^src$/],
]);

function isActiveTag(text: string, { name, attributes, end, isClosed }: HtmlTag): boolean {
  const plain = name.slice(name.indexOf(':') + 1);
  if (plain === 'script' && isScript(text, { attributes, end, isClosed })) return true;
  if (plain === 'style' && isClosed && ACTIVE_STYLE.test(text.slice(end, end + 2_048))) return true;
  const loads = LOADS_OTHERS.get(plain);
  const animates = plain === 'set' || plain.startsWith('animate');
  for (const attribute of attributes) {
    const { name: key, value = '' } = attribute;
    if (plain === 'link' && key === 'rel' && /stylesheet|import|preload|prerender/i.test(value)) return true;
    if (plain === 'meta' && key === 'http-equiv' && /refresh|set-cookie|^link/i.test(value)) return true;
    if (loads?.test(attribute.name) === true && (attribute.value ?? '') !== '') return true;
    if (isActiveAttribute(attribute)) return true;
    if (animates && attribute.value !== undefined && /^(?:to|from|values|by)$/.test(attribute.name) && isActiveAddress(attribute.value))
      return true;
  }
  return false;
}

/** A script that does something, and not a tag that a sentence is about. */
function isScript(text: string, { attributes, end, isClosed }: Pick<HtmlTag, 'attributes' | 'end' | 'isClosed'>): boolean {
  if (attributes.some(({ name, value }) => value !== undefined && /^(?:src|href|type|language|xlink:href|nonce|integrity)$/.test(name)))
    return true;
  const after = text.slice(end, end + 256);
  if (!isClosed) return attributes.length === 0 && after === '';
  return after.trim() === '' ? text.trimStart().length <= 32 : STARTS_SCRIPT.test(after);
}

/** A call, an assignment, a string, a comment: no sentence goes on like this after a tag. */
const STARTS_SCRIPT =
  /^\s*(?:[\w$.]+\s?[([`=]|[\w$.]+["'[]|["'`({[;/!+~]|<!--|<\/script|[a-z]{1,8}>|(?:var|let|const|if|for|new|throw|import|function|return|void|typeof)\s+[\w$({'"`])/i;

const ACTIVE_STYLE = /@import|expression\s*\(|javascript:|vbscript:|-moz-binding|behaviou?r\s*:/i;
const ADDRESSES =
  /^(?:href|src|action|formaction|data|poster|background|xlink:href|lowsrc|dynsrc|cite|srcset|ping|code|codebase|classid|profile|longdesc|manifest|icon)$/;

function isActiveAttribute({ name, value }: HtmlAttribute): boolean {
  if (value === undefined || value === '') return false;
  if (name.startsWith('on')) return isEvent(name) && RUNS.test(decodeEntities(value));
  if (name === 'srcdoc') return true;
  if (name === 'style') return ACTIVE_STYLE.test(withoutNoise(decodeEntities(value)));
  return ADDRESSES.test(name) && isActiveAddress(value);
}

/** Words in prose that look like an event's attribute. */
const NO_EVENTS = new Set([
  'once',
  'only',
  'onto',
  'ones',
  'online',
  'ongoing',
  'onset',
  'onion',
  'onions',
  'onward',
  'onwards',
  'ontology',
  'onboard',
  'onus',
  'onyx',
]);

function isEvent(name: string): boolean {
  return /^on[a-z]{3,}/.test(name) && !NO_EVENTS.has(name);
}

/** What the value of an event's attribute holds when it does something. */
const RUNS = /[(`=.[;:]|\bthrow\b/;

/** `javascript:…`, also with space and control characters strewn in, or a document inside an address. */
function isActiveAddress(text: string): boolean {
  const decoded = decodeEntities(text.slice(0, 512));
  const start = withoutNoise(decoded);
  const scheme = /^`?(?:view-source:)?(javascript|vbscript|livescript|mocha|data):/i.exec(start)?.[1]?.toLowerCase();
  if (scheme === undefined) return false;
  if (scheme === 'data')
    return /^data:(?:text\/(?:html|xml|javascript)|image\/svg|application\/(?:x-)?(?:xhtml|javascript|xml))[^,]{0,80},\S/i.test(start);
  // "JavaScript: the good parts (2008)" is a title.
  return /^(?:\/\/|%0|[^a-z]*$)|[\w$\])}]\(|[`=]|document|location|%28/i.test(decoded.slice(decoded.indexOf(':') + 1));
}

function withoutNoise(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u0020\u007f\u200b-\u200f\u2028\u2029\ufeff]+|\/\*.{0,64}?\*\//g, '');
}

/** A quote that ends the attribute or the string that the value was meant to stay in, and what then runs. */
function breaksOut(text: string): boolean {
  if (beginsEvent(text, 0)) return true;
  for (const quote of ['"', "'", '`']) {
    const at = text.indexOf(quote);
    if (at === -1) continue;
    if (beginsEvent(text, at + 1)) return true;
    if (quote !== '`' && SCRIPT_BREAK.test(text.slice(at, at + 192))) return true;
  }
  return false;
}

/** Out of a string in a script: `';alert(1)//`, `"-alert(1)-"`, `\';document.location=…`. */
const SCRIPT_BREAK = new RegExp(
  '^[\'"`]\\s*[)\\]}\\s]{0,8}[;+*/%,|&^<>?:~-]{1,3}[\\s!+~({-]{0,8}(?:(?:window|self|top|parent|this|globalThis)(?:\\.|\\[[\'"]))?' +
    '(?:(?:alert|prompt|confirm|eval|setTimeout|setInterval|Function|fetch|importScripts|print)[\'"\\]]{0,2}\\s?(?:\\(|`|\\.(?:call|apply)\\()|document\\.(?:cookie|location|write|domain|body)|(?:window\\.|document\\.)?location\\s?(?:\\.\\w+\\s?)?[=(])',
);

const ATTRIBUTES_LOOKED_AT = 8;

/** Whether attributes begin here, an event's among them: `onmouseover="alert(1)`, `autofocus onfocus=alert(1)`. */
function beginsEvent(text: string, start: number): boolean {
  let at = start;
  for (let count = 0; count < ATTRIBUTES_LOOKED_AT; count += 1) {
    while (at < text.length && /[\s/]/.test(text[at] ?? '')) at += 1;
    const isFirst = count === 0 && start === 0;
    if (at >= text.length || !(isFirst ? /\w/ : /[a-z]/i).test(text[at] ?? '')) return false;
    const { attribute, end } = readAttribute(text, at);
    const { name, value } = attribute;
    if (!isFirst && !/^[a-z][\w:.-]*$/.test(name)) return false;
    if (value !== undefined && isEvent(name) && SINKS.test(decodeEntities(value.slice(0, 512)))) return true;
    // Words without a value are prose, but for the few that attacks put there.
    if (
      value === undefined &&
      !isFirst &&
      !/^(?:autofocus|contenteditable|autoplay|controls|hidden|open|disabled|checked|loop|muted)$/.test(name)
    )
      return false;
    at = end;
  }
  return false;
}

/** What an event has to hold where no tag says that it is one. */
const SINKS =
  /\b(?:alert|prompt|confirm|eval|print|fetch|import|setTimeout|setInterval|Function|atob|document|window|location|top|self|parent|globalThis|name|cookie|constructor|javascript)\b\s*[\w)\]]{0,8}\s*(?:[(`.[=:'"]|$)|^[\w$.]+\s?[(`]|&#|\\u00/i;

/*
 * Sources of an answer. `groundingMetadata` has them in one list and the statements in another, each with the places of its sources; `citationMetadata` has what was
 * learnt by heart. Both count bytes of UTF-8, where our words count UTF-16 units. What else is known of a search stays as it stood.
 * Source: ai.google.dev/api/generate-content#GroundingMetadata, #CitationMetadata.
 */

import type { ChatPart, Citation, NativePart, TextPart } from '../../operations/chat.ts';
import { GEMINI } from './dialect-name.ts';
import { type Fields, fieldsOf, listOf, textOf } from './fields.ts';

/** A citation of an answer's text as a whole, in UTF-16 units of all its texts laid end to end. */
export interface PlacedCitation extends Citation {
  readonly start: number;
  readonly end: number;
}

/** More than any answer has. */
const CITATIONS_MAX = 2_000;

/** Those of a candidate whose place can be told. `texts`: its texts so far, laid end to end. */
export function readCitations(candidate: Fields, text: string): readonly PlacedCitation[] {
  const { groundingMetadata: grounding, citationMetadata } = candidate;
  const heart = fieldsOf(citationMetadata);
  const sources = [...listOf(heart?.['citationSources']), ...listOf(heart?.['citations'])];
  if (grounding === undefined && sources.length === 0) return [];
  const units = createUnits(text);
  const learnt = sources.flatMap((source): PlacedCitation[] => {
    const known = fieldsOf(source);
    const url = textOf(known?.['uri']);
    const title = textOf(known?.['title']);
    const place = units(known?.['startIndex'], known?.['endIndex']);
    return place === undefined || (url === undefined && title === undefined)
      ? []
      : [{ ...place, ...(url === undefined ? {} : { url }), ...titled(title) }];
  });
  return [...readGrounding(fieldsOf(grounding), units), ...learnt].slice(0, CITATIONS_MAX);
}

type Units = (start: unknown, end: unknown) => { readonly start: number; readonly end: number } | undefined;

function readGrounding(grounding: Fields | undefined, units: Units): PlacedCitation[] {
  const chunks = listOf(grounding?.['groundingChunks']);
  return listOf(grounding?.['groundingSupports']).flatMap((support) => {
    const known = fieldsOf(support);
    const segment = fieldsOf(known?.['segment']);
    const place = units(segment?.['startIndex'], segment?.['endIndex']);
    if (place === undefined) return [];
    return listOf(known?.['groundingChunkIndices']).flatMap((index): PlacedCitation[] => {
      const chunk = typeof index === 'number' ? fieldsOf(chunks[index]) : undefined;
      const source = fieldsOf(chunk?.['web'] ?? chunk?.['retrievedContext'] ?? chunk?.['maps']);
      if (source === undefined) return [];
      const [url, cited] = [textOf(source['uri']), chunk?.['retrievedContext'] === undefined ? undefined : textOf(source['text'])];
      return [
        {
          ...place,
          ...(url === undefined ? {} : { url }),
          ...titled(textOf(source['title'])),
          ...(cited === undefined ? {} : { citedText: cited }),
        },
      ];
    });
  });
}

function titled(title: string | undefined): { readonly title?: string } {
  return title === undefined ? {} : { title };
}

/** Places in bytes as places in UTF-16 units; undefined beyond the text, and for what is no place. A start of 0 is left out on the wire. */
function createUnits(text: string): Units {
  const bytes = Buffer.from(text);
  const isPlain = bytes.length === text.length;
  const unit = (at: number): number => (isPlain ? at : bytes.toString('utf8', 0, at).length);
  return (start, end) => {
    const from = start ?? 0;
    if (typeof from !== 'number' || typeof end !== 'number' || from < 0 || end <= from || end > bytes.length) return undefined;
    return { start: unit(from), end: unit(end) };
  };
}

/** Puts citations to the texts that they are about. One that goes over a text's end is about each text that it touches. */
export function placeCitations(parts: readonly ChatPart[], citations: readonly PlacedCitation[]): readonly ChatPart[] {
  if (citations.length === 0) return parts;
  let before = 0;
  return parts.map((part): ChatPart => {
    if (part.kind !== 'text') return part;
    const own = citationsWithin(citations, before, part.text.length);
    before += part.text.length;
    return own.length === 0 ? part : { ...part, citations: own };
  });
}

/** Those that touch the text which begins at `from`, with their places within it. */
export function citationsWithin(citations: readonly PlacedCitation[], from: number, length: number): readonly Citation[] {
  return citations
    .filter(({ start, end }) => start < from + length && end > from)
    .map((citation) => ({ ...citation, start: Math.max(0, citation.start - from), end: Math.min(length, citation.end - from) }));
}

/** What stands beside a candidate's content that our words have no place for: searches and pages that were read. */
const NATIVE = ['groundingMetadata', 'urlContextMetadata'] as const;
/** Of these alone nothing is lost when the citations are told. */
const TOLD: ReadonlySet<string> = new Set(['groundingChunks', 'groundingSupports']);

export function nativeBeside(candidate: Fields): readonly NativePart[] {
  return NATIVE.flatMap((name): NativePart[] => {
    const known = fieldsOf(candidate[name]);
    if (known === undefined || Object.keys(known).every((member) => name === 'groundingMetadata' && TOLD.has(member))) return [];
    return [{ kind: 'native', dialect: GEMINI, value: { [name]: candidate[name] } }];
  });
}

/** Whether a native part stands beside the content, not in it. */
export function isBeside(value: unknown): value is Fields {
  const known = fieldsOf(value);
  return known !== undefined && NATIVE.some((name) => name in known);
}

/** Gathers the sources of an answer while its texts are told. */
export class GroundingWriter {
  readonly #chunks: Fields[] = [];
  readonly #supports: Fields[] = [];
  #text = '';

  /** A text of the answer, in the order of its parts. */
  add({ text, citations = [] }: Pick<TextPart, 'text' | 'citations'>): void {
    for (const citation of citations) this.cite(citation, text);
    this.#text += text;
  }

  /** `text`: what the citation is about a place in, before it is added. */
  cite({ start = 0, end, url, title, citedText }: Citation, text: string): void {
    if (this.#chunks.length >= CITATIONS_MAX) return;
    const [from, to] = [Math.min(start, text.length), Math.min(end ?? text.length, text.length)];
    const before = Buffer.byteLength(this.#text);
    const segment = {
      startIndex: before + Buffer.byteLength(text.slice(0, from)),
      endIndex: before + Buffer.byteLength(text.slice(0, to)),
      text: text.slice(from, to),
    };
    const source = { ...(url === undefined ? {} : { uri: url }), ...(title === undefined ? {} : { title }) };
    this.#supports.push({ segment, groundingChunkIndices: [this.#chunks.length] });
    this.#chunks.push(citedText === undefined ? { web: source } : { retrievedContext: { ...source, text: citedText } });
  }

  get told(): Fields {
    return this.#chunks.length === 0 ? {} : { groundingMetadata: { groundingChunks: this.#chunks, groundingSupports: this.#supports } };
  }
}

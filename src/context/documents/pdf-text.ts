import { FileRefusal } from './file-refusal.ts';
import { cleanText } from './text-decoding.ts';

export interface PdfLimits {
  readonly pagesMax: number;
  readonly charactersMax: number;
}

export interface PdfText {
  readonly text: string;
  readonly pages: number;
  /** Where in the text each page begins, in UTF-16 units; an empty page begins where the next one does. */
  readonly pageStarts: readonly number[];
}

/** The text of a PDF, without control characters, an empty line between its pages. Throws a FileRefusal, and other errors for files that are broken. */
export async function pdfToText(bytes: Uint8Array, limits: PdfLimits): Promise<PdfText> {
  const { getDocumentProxy } = await import('unpdf');
  // Nothing is drawn or fetched, and no font program runs: all that is asked for is text.
  const options = { verbosity: 0, disableFontFace: true, useSystemFonts: false, isEvalSupported: false, enableXfa: false, maxImageSize: 1 };
  const pdf = await getDocumentProxy(bytes, options).catch((cause: unknown) => {
    if (cause instanceof Error && cause.name === 'PasswordException')
      throw new FileRefusal('file_unreadable', 'the PDF is encrypted: save it without a password');
    throw cause;
  });
  if (pdf.numPages > limits.pagesMax)
    throw new FileRefusal('file_too_complex', `the PDF has ${pdf.numPages} pages, more than ${limits.pagesMax}`);
  const pages: string[] = [];
  let characters = 0;
  // One after the other: all at once would hold all of them in memory.
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    const content = await page.getTextContent();
    let text = '';
    for (const item of content.items) if ('str' in item) text += item.hasEOL ? `${item.str}\n` : item.str;
    page.cleanup();
    characters += text.length;
    if (characters > limits.charactersMax * 2) break;
    pages.push(cleanText(text).trim());
  }
  const pageStarts: number[] = [];
  let text = '';
  for (const page of pages) {
    if (text !== '' && page !== '') text += '\n\n';
    pageStarts.push(text.length);
    text += page;
  }
  return { text, pages: pdf.numPages, pageStarts };
}

/*
 * PostgreSQL's text holds every character but NUL. Here NUL is written as two characters, and so is the one that begins them, such that no two
 * texts become one and all keep their order:
 *
 *   U+0000 ─▶ U+0001 U+0001        U+0001 ─▶ U+0001 U+0002        everything else as it is
 */

// oxlint-disable no-control-regex -- they are what this is about

export function encodeText(text: string): string {
  if (!text.includes('\u0000') && !text.includes('\u0001')) return text;
  return text.replaceAll(/[\u0000\u0001]/g, (character) => (character === '\u0000' ? '\u0001\u0001' : '\u0001\u0002'));
}

export function decodeText(text: string): string {
  if (!text.includes('\u0001')) return text;
  return text.replaceAll(/\u0001([\u0001\u0002])/g, (_, second: string) => (second === '\u0001' ? '\u0000' : '\u0001'));
}

export function encodeTextOrNull(text: string | null): string | null {
  return text === null ? null : encodeText(text);
}

export function decodeTextOrNull(text: string | null): string | null {
  return text === null ? null : decodeText(text);
}

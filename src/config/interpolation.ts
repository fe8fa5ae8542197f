/*
 * References inside texts of the configuration file:
 *
 *   ${NAME}              the variable; a problem when it is not set
 *   ${NAME:-fallback}    the fallback when it is not set or empty; may hold references itself
 *   ${file:/path}        what the file holds, without the newline at its end; relative to the configuration file
 *   $${                  a plain `${`
 */

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string; readonly fallback: readonly TemplatePart[] | undefined }
  | { readonly kind: 'file'; readonly path: string };

export interface TemplateError {
  /** Where in the text, from 0. */
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

export type Template = { readonly ok: true; readonly parts: readonly TemplatePart[] } | ({ readonly ok: false } & TemplateError);

const VARIABLE_NAME = /^[A-Za-z_]\w*$/;
const DEPTH_MAX = 8;

/** Splits a text into plain parts and references. Pure: nothing is looked up. */
export function parseTemplate(text: string): Template {
  try {
    return { ok: true, parts: partsOf(text, 0, 0) };
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, ...error.error };
    throw error;
  }
}

class Malformed extends Error {
  readonly error: TemplateError;
  constructor(offset: number, message: string, hint: string) {
    super(message);
    this.error = { offset, message, hint };
  }
}

/** `offset`: where `text` begins in the whole. */
function partsOf(text: string, offset: number, depth: number): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let plain = '';
  let at = 0;
  while (at < text.length) {
    if (text.startsWith('$${', at)) {
      plain += '${';
      at += 3;
    } else if (text.startsWith('${', at)) {
      const end = closingBrace(text, at);
      if (end === -1) throw new Malformed(offset + at, 'a reference is not closed', 'end it with }, or write $${ for a plain ${');
      if (depth >= DEPTH_MAX) throw new Malformed(offset + at, `references are nested more than ${DEPTH_MAX} deep`, 'use fewer fallbacks');
      if (plain !== '') parts.push({ kind: 'text', text: plain });
      plain = '';
      parts.push(referenceOf(text.slice(at + 2, end), offset + at, depth));
      at = end + 1;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  if (plain !== '') parts.push({ kind: 'text', text: plain });
  return parts;
}

/** The index of the brace that closes the reference at `start`, or -1. */
function closingBrace(text: string, start: number): number {
  let open = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text.startsWith('${', at)) open += 1;
    else if (text[at] === '}') {
      open -= 1;
      if (open === 0) return at;
    }
  }
  return -1;
}

function referenceOf(inside: string, offset: number, depth: number): TemplatePart {
  if (inside.startsWith('file:')) {
    const path = inside.slice('file:'.length).trim();
    if (path === '') throw new Malformed(offset, 'a file reference names no file', 'write ${file:/run/secrets/name}');
    return { kind: 'file', path };
  }
  const separator = inside.indexOf(':-');
  const name = separator === -1 ? inside : inside.slice(0, separator);
  if (!VARIABLE_NAME.test(name)) {
    throw new Malformed(
      offset,
      `\${${inside.slice(0, 40)}} is not a reference`,
      'write ${NAME}, ${NAME:-default} or ${file:/path}; $${ is a plain ${',
    );
  }
  const fallback = separator === -1 ? undefined : partsOf(inside.slice(separator + 2), offset + 2 + separator + 2, depth + 1);
  return { kind: 'variable', name, fallback };
}

export interface TemplateSource {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Throws when the file cannot be read. */
  readFile(path: string): Promise<string>;
}

export interface Resolved {
  readonly text: string;
  /** The references that were followed, as in `${…}`. */
  readonly via: readonly string[];
  /** Files that were asked for, whether they could be read or not. */
  readonly files: readonly string[];
  readonly failures: readonly { readonly reference: string; readonly message: string; readonly hint: string }[];
}

/** Looks every reference up. Never throws: what is missing is in `failures`. */
export async function resolveTemplate(parts: readonly TemplatePart[], source: TemplateSource): Promise<Resolved> {
  const via: string[] = [];
  const files: string[] = [];
  const failures: { reference: string; message: string; hint: string }[] = [];
  let text = '';
  for (const part of parts) {
    switch (part.kind) {
      case 'text':
        text += part.text;
        break;
      case 'variable': {
        const value = source.environment[part.name];
        via.push(part.name);
        if (value !== undefined && (value !== '' || part.fallback === undefined)) {
          text += value;
        } else if (part.fallback === undefined) {
          failures.push({
            reference: `\${${part.name}`,
            message: `the variable ${part.name} is not set`,
            hint: `set it, or write \${${part.name}:-default}`,
          });
        } else {
          const fallback = await resolveTemplate(part.fallback, source);
          text += fallback.text;
          via.push(...fallback.via);
          files.push(...fallback.files);
          failures.push(...fallback.failures);
        }
        break;
      }
      case 'file': {
        via.push(`file:${part.path}`);
        files.push(part.path);
        try {
          text += (await source.readFile(part.path)).replace(/\r?\n$/, '');
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          failures.push({
            reference: `\${file:${part.path}`,
            message: `cannot read ${part.path}: ${reason}`,
            hint: 'the path is relative to the configuration file',
          });
        }
        break;
      }
      default:
        part satisfies never;
    }
  }
  return { text, via, files, failures };
}

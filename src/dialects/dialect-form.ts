/*
 * Forms (multipart/form-data) as a dialect reads them: the few fields that matter to us, held to one spelling and one mention each.
 */

import type { MultipartPart } from '../base/multipart-scan.ts';
import type { Operation, OperationKind } from '../operations/operation.ts';
import type { StoredBody } from '../operations/upload.ts';
import { checkModel, invalid } from './dialect-request.ts';

/** A form that has come in whole. */
export interface ReceivedForm {
  /** In their order; those of `fields` have their content. */
  readonly parts: readonly MultipartPart[];
  readonly boundary: string;
  /** As the caller said it. */
  readonly contentType: string;
  readonly body: StoredBody;
}

export interface DialectForms {
  /** Names of the fields whose content is read. */
  readonly fields: readonly string[];
  /** Throws `request_invalid` with the field at fault. */
  decode(kind: OperationKind, form: ReceivedForm): Operation;
}

/** The fields that matter, of a form whose parts say what they are in one way. */
export class FormFields {
  readonly #fields = new Map<string, MultipartPart>();

  /**
   * Some servers take `Model`, `model[]` or `model[0]` for `model`, and of two the first or the last: a field that matters is refused in any spelling but
   * its own, and where it is a second one, or a file. Throws `request_invalid`.
   */
  constructor(parts: readonly MultipartPart[], names: readonly string[]) {
    for (const part of parts) {
      const plain = part.name
        .replace(/[[.].*$/, '')
        .trim()
        .toUpperCase()
        .toLowerCase();
      if (!names.includes(plain)) continue;
      if (part.name !== plain) throw invalid(plain, `'${plain}' must be written so, not '${part.name.slice(0, 100)}'`);
      if (part.isFile) throw invalid(plain, `'${plain}' must be a field, not a file`);
      if (this.#fields.has(plain)) throw invalid(plain, `'${plain}' is given twice`);
      this.#fields.set(plain, part);
    }
  }

  part(name: string): MultipartPart | undefined {
    return this.#fields.get(name);
  }

  text(name: string): string | undefined {
    const content = this.#fields.get(name)?.content;
    if (content === undefined) return undefined;
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    } catch {
      throw invalid(name, `'${name}' is no UTF-8`);
    }
  }

  /** Undefined where it is absent, or empty. Throws `request_invalid` for anything but `true` and `false`. */
  flag(name: string): boolean | undefined {
    const text = this.text(name);
    if (text === undefined || text === '') return undefined;
    // Python's clients write it with a capital letter.
    const lower = text.toLowerCase();
    if (lower !== 'true' && lower !== 'false') throw invalid(name, `'${name}' must be true or false`);
    return lower === 'true';
  }

  /** Undefined where it is absent, or empty. Throws `request_invalid`. */
  count(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined || text === '') return undefined;
    if (!/^[1-9]\d{0,5}$/.test(text)) throw invalid(name, `'${name}' must be a whole number of at least 1`);
    return Number(text);
  }

  /** The name of the model, when it is one. */
  model(): string | undefined {
    const text = this.text('model');
    return text === undefined ? undefined : checkModel(text);
  }
}

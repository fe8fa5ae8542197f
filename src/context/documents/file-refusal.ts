/** Why the text of a file is not read. The codes are rows of the error catalogue; the message is for the caller. */
export class FileRefusal extends Error {
  override readonly name = 'FileRefusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Also the words that the process which reads files may answer with: anything else is a defect of it. */
export const REFUSAL_CODES = ['file_type_unsupported', 'file_unreadable', 'file_too_complex'] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

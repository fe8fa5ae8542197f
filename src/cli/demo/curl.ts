import type { FormFile } from './step.ts';

/** A request as it goes onto the wire. */
export interface Wire {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** In place of a body: one part named `file` of a form. */
  readonly file: FormFile | undefined;
}

/** The words of a curl command that sends the same: for a POSIX shell. */
export function curlLines({ method, url, headers, body, file }: Wire): string[] {
  // `-X` where curl would take another method by itself; `-N` shows a stream as it comes.
  const usual = body !== undefined || file !== undefined ? 'POST' : 'GET';
  // A file comes from standard input, so that nothing needs to lie on the disk.
  const input = file === undefined ? '' : `printf %s ${quoted(file.text)} | `;
  const lines = [`${input}curl -sSN ${method === usual ? '' : `-X ${method} `}${quoted(url)}`];
  for (const [name, given] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${given}`)}`);
  if (body !== undefined) lines.push(`--data-raw ${quoted(body)}`);
  if (file !== undefined) lines.push(`-F ${quoted(`file=@-;filename=${file.filename};type=${file.type}`)}`);
  return lines.map((line, index) => `${index === 0 ? '' : '  '}${line}${index === lines.length - 1 ? '' : ' \\'}`);
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

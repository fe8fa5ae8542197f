/* Replies that are the same for everybody until something changes: with an ETag, compressed for whoever takes that. */

import type { Reply } from '../../pipeline/reply.ts';

/** A body in both forms; the one that is not given is made when it is first asked for. */
export class StaticBody {
  readonly contentType: string;
  /** Weak: it names what is said, in either form. */
  readonly etag: string;
  #plain: Uint8Array<ArrayBuffer> | undefined;
  #gzip: Uint8Array<ArrayBuffer> | undefined;

  constructor(
    content: { readonly plain: string } | { readonly gzip: Uint8Array<ArrayBuffer>; readonly sha256: string },
    contentType: string,
  ) {
    this.contentType = contentType;
    if ('plain' in content) {
      this.#plain = new TextEncoder().encode(content.plain);
      this.etag = `W/"${shortHash(new Bun.CryptoHasher('sha256').update(content.plain).digest('hex'))}"`;
    } else {
      this.#gzip = content.gzip;
      this.etag = `W/"${shortHash(content.sha256)}"`;
    }
  }

  /** The answer to a GET; 304 where the caller has it already. */
  reply(request: Headers, headers: Readonly<Record<string, string>>): Reply {
    const shared = { ...headers, etag: this.etag, vary: 'Accept-Encoding' };
    if (isKnown(request.get('if-none-match'), this.etag)) return { status: 304, headers: shared, body: null };
    const typed = { ...shared, 'content-type': this.contentType };
    if (takesGzip(request.get('accept-encoding'))) {
      this.#gzip ??= Bun.gzipSync(this.#plain ?? new Uint8Array(0));
      return { status: 200, headers: { ...typed, 'content-encoding': 'gzip' }, body: this.#gzip };
    }
    this.#plain ??= Bun.gunzipSync(this.#gzip ?? new Uint8Array(0));
    return { status: 200, headers: typed, body: this.#plain };
  }
}

/** Enough of a SHA-256 to tell versions apart. */
export function shortHash(sha256: string): string {
  return sha256.slice(0, 16);
}

function isKnown(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.split(',').some((known) => known.trim() === '*' || known.trim().replace(/^W\//, '') === etag.slice(2));
}

/** RFC 9110 §12.5.3, for one coding: named, or `*`, and not with `q=0`. */
function takesGzip(acceptEncoding: string | null): boolean {
  if (acceptEncoding === null) return false;
  const codings = new Map(
    acceptEncoding.split(',').map((part): [string, boolean] => {
      const [name = '', ...parameters] = part.trim().toLowerCase().split(';');
      return [name.trim(), !parameters.some((parameter) => /^\s*q=0(?:\.0{1,3})?\s*$/.test(parameter))];
    }),
  );
  return codings.get('gzip') ?? codings.get('*') ?? false;
}

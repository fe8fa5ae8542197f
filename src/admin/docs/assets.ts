/*
 * The files that the documentation pages load: those of Swagger UI and ReDoc as their packages have them (vendor/, see decision 10), and
 * our own (page/). Each is read when it is first asked for. A file's address has its hash, so a browser may keep it for good.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StaticBody, shortHash } from './static-reply.ts';
import vendored from './vendor/manifest.json' with { type: 'json' };

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};
const OWN = ['document.js', 'swagger.js', 'redoc.js', 'page.css', 'icon.svg'] as const;

export type AssetName = (typeof OWN)[number] | 'swagger-ui-bundle.js' | 'swagger-ui.css' | 'redoc.standalone.js';

export interface Assets {
  /** The last part of a file's address: `swagger-ui.a6a4cf68f069eb89.css`. */
  fileOf(name: AssetName): string;
  /** The file at an address; undefined where there is none, or no longer. */
  read(file: string): StaticBody | undefined;
}

export function createAssets(): Assets {
  const hashes = new Map(vendored.map(({ file, sha256 }) => [file, sha256]));
  const bodies = new Map<string, StaticBody>();
  const hashOf = (name: string): string | undefined => {
    if (isOwn(name) && !hashes.has(name)) hashes.set(name, new Bun.CryptoHasher('sha256').update(readOwn(name)).digest('hex'));
    return hashes.get(name);
  };
  return {
    fileOf: (name) => fileName(name, hashOf(name) ?? ''),
    read(file) {
      const known = bodies.get(file);
      if (known !== undefined) return known;
      const name = file.replace(/\.[0-9a-f]{16}(?=\.\w+$)/, '');
      const hash = hashOf(name);
      if (hash === undefined || fileName(name, hash) !== file) return undefined;
      const body = readAsset(name, hash);
      bodies.set(file, body);
      return body;
    },
  };
}

function fileName(name: string, hash: string): string {
  const dot = name.lastIndexOf('.');
  return `${name.slice(0, dot)}.${shortHash(hash)}${name.slice(dot)}`;
}

function readAsset(name: string, sha256: string): StaticBody {
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  if (isOwn(name)) return new StaticBody({ plain: readOwn(name) }, type);
  return new StaticBody({ gzip: new Uint8Array(readFileSync(join(import.meta.dirname, 'vendor', `${name}.gz`))), sha256 }, type);
}

function isOwn(name: string): boolean {
  return OWN.some((own) => own === name);
}

function readOwn(name: string): string {
  return readFileSync(join(import.meta.dirname, 'page', name), 'utf8');
}

import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAssets } from './assets.ts';
import { StaticBody } from './static-reply.ts';
import vendored from './vendor/manifest.json' with { type: 'json' };

describe('a static reply', () => {
  const body = new StaticBody({ plain: 'hello'.repeat(100) }, 'text/plain');
  const ask = (headers: Record<string, string>) => body.reply(new Headers(headers), {});

  for (const { accept, gzip } of [
    { accept: undefined, gzip: false },
    { accept: '', gzip: false },
    { accept: 'gzip', gzip: true },
    { accept: 'br, GZIP;q=0.5', gzip: true },
    { accept: 'gzip;q=0', gzip: false },
    { accept: 'gzip; q=0.000, *', gzip: false },
    { accept: '*', gzip: true },
    { accept: 'identity, *;q=0', gzip: false },
    { accept: 'x-gzip-like, br', gzip: false },
  ])
    test(`is ${gzip ? '' : 'not '}compressed for Accept-Encoding: ${accept ?? '(none)'}`, () => {
      const reply = ask(accept === undefined ? {} : { 'accept-encoding': accept });
      expect(reply.headers['content-encoding']).toBe(gzip ? 'gzip' : undefined);
      const bytes = reply.body as Uint8Array<ArrayBuffer>;
      expect(new TextDecoder().decode(gzip ? Bun.gunzipSync(bytes) : bytes)).toBe('hello'.repeat(100));
      expect(reply.headers['vary']).toBe('Accept-Encoding');
    });

  for (const { known, status } of [
    { known: body.etag, status: 304 },
    { known: body.etag.slice(2), status: 304 },
    { known: `"other", ${body.etag}`, status: 304 },
    { known: '*', status: 304 },
    { known: '"other"', status: 200 },
  ])
    test(`is ${status} for If-None-Match: ${known}`, () => expect(ask({ 'if-none-match': known }).status).toBe(status));
});

describe('files of the pages', () => {
  for (const { file, sha256, package: name, version } of vendored)
    test(`${file} is what ${name} ${version} has`, () => {
      const text = Bun.gunzipSync(new Uint8Array(readFileSync(join(import.meta.dirname, 'vendor', `${file}.gz`))));
      expect(new Bun.CryptoHasher('sha256').update(text).digest('hex')).toBe(sha256);
      expect(readFileSync(join(import.meta.dirname, 'vendor', `${name}.LICENSE.txt`), 'utf8')).toContain(`${name} ${version}: LICENSE`);
    });

  const assets = createAssets();
  for (const file of ['', 'page.css', 'page.0000000000000000.css', '../static-reply.ts', '..%2fassets.ts', '__proto__', 'constructor'])
    test(`there is none at '${file}'`, () => expect(assets.read(file)).toBeUndefined());

  test('each has an address of its own', () => {
    expect(assets.read(assets.fileOf('page.css'))?.contentType).toBe('text/css; charset=utf-8');
    expect(assets.read(assets.fileOf('icon.svg'))?.contentType).toBe('image/svg+xml');
  });
});

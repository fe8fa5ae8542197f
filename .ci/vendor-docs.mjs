/*
 * Fetches the browser files of the documentation pages: `node .ci/vendor-docs.mjs`, after a change of PACKAGES below. Why they are kept
 * here and not depended on: docs/decisions/0009-documentation-pages.md. npm checks each package against the registry's checksum; nothing
 * is installed, so no script of a package runs.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const PACKAGES = [
  {
    name: 'swagger-ui-dist',
    version: '5.35.0',
    files: ['swagger-ui-bundle.js', 'swagger-ui.css'],
    licenses: ['LICENSE', 'NOTICE', 'swagger-ui-bundle.js.LICENSE.txt'],
  },
  {
    name: 'redoc',
    version: '2.5.4',
    files: ['bundles/redoc.standalone.js'],
    licenses: ['LICENSE', 'bundles/redoc.standalone.js.LICENSE.txt'],
    // The vendor's logo, which a page without the internet cannot load: an empty picture.
    replace: ['https://cdn.redoc.ly/redoc/logo-mini.svg', 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA='],
  },
];

const target = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src/admin/docs/vendor');
const work = mkdtempSync(join(tmpdir(), 'gatehouse-vendor-'));
const manifest = [];
try {
  mkdirSync(target, { recursive: true });
  for (const entry of PACKAGES) manifest.push(...fetchPackage(entry));
  writeFileSync(join(target, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
} finally {
  rmSync(work, { recursive: true });
}

function fetchPackage({ name, version, files, licenses, replace }) {
  const [{ filename, integrity }] = JSON.parse(
    execFileSync('npm', ['pack', `${name}@${version}`, '--json', '--pack-destination', work], { encoding: 'utf8' }),
  );
  execFileSync('tar', ['-xzf', join(work, filename), '-C', work]);
  const read = (file) => readFileSync(join(work, 'package', file), 'utf8');
  const licenseText = licenses.map((file) => `── ${name} ${version}: ${file}\n\n${read(file).trim()}\n`).join('\n');
  writeFileSync(join(target, `${name}.LICENSE.txt`), licenseText);
  const rows = files.map((file) => {
    // Their source maps are left out.
    let text = read(file).replace(/\n?\/[/*]# sourceMappingURL=\S+(?: \*\/)?\s*$/, '\n');
    if (replace !== undefined) {
      if (text.split(replace[0]).length !== 2) throw new Error(`${name}: ${replace[0]} is not there exactly once`);
      text = text.replace(...replace);
    }
    const base = file.slice(file.lastIndexOf('/') + 1);
    writeFileSync(join(target, `${base}.gz`), gzipSync(text, { level: 9 }));
    return { file: base, sha256: createHash('sha256').update(text).digest('hex'), package: name, version, integrity };
  });
  rmSync(join(work, 'package'), { recursive: true });
  return rows;
}

/*
 * Completes package-lock.json: `node .ci/complete-lock.mjs`, after a change of dependencies through a registry mirror that does not
 * hold the packages of every platform. npm leaves out of the lock file what it cannot fetch, and then `npm ci` refuses the file, on
 * every machine. This adds what is missing, by the exact version that its parent asks for, with the platform that its name tells.
 * (Without a checksum: only a registry that holds the package knows it. Those are tools of development alone.)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = join(dirname(dirname(fileURLToPath(import.meta.url))), 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8'));

const added = [];
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined) continue;
    if (entry.dev !== true) throw new Error(`${name} is needed at run time: install from a registry that holds it`);
    if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`${name} is asked for as '${version}': its version cannot be told`);
    // npm's own order: the version, then the rest by name.
    const rest = Object.entries({ dev: true, optional: true, ...platformOf(name) }).sort(([a], [b]) => a.localeCompare(b, 'en'));
    lock.packages[key] = { version, ...Object.fromEntries(rest) };
    added.push(key);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added.length} packages added to package-lock.json\n`);

/** `@scope/binding-linux-arm64-musl` → os linux, cpu arm64, libc musl. */
function platformOf(name) {
  const [, os, cpu, abi = ''] =
    /(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|x64|ia32|ppc64|riscv64|s390x)(?:-(\w+))?$/.exec(name) ?? [];
  if (os === undefined) throw new Error(`${name}: its platform cannot be told from its name`);
  return { cpu: [cpu], os: [os], ...(os === 'linux' ? { libc: [abi.startsWith('musl') ? 'musl' : 'glibc'] } : {}) };
}

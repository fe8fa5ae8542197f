/** The files that the gateway reads and the folders that it writes: who else may read them, whether there is room, whether a certificate is good. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { access, constants, readFile, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LoadedConfig } from '../config/load.ts';
import { type Finding, fail, graver, ok, skipped, warn } from './finding.ts';

const OTHERS_MAY_READ = 0o004;
const OTHERS_MAY_WRITE = 0o002;
const DAY_MS = 86_400_000;
const EXPIRES_SOON_MS = 21 * DAY_MS;
const MIB = 1_048_576;
const SPACE_BYTES_MIN = 512 * MIB;
const FILE_BYTES_MAX = MIB;

export interface FilesInput {
  readonly loaded: Pick<LoadedConfig, 'config' | 'file' | 'dependencies'>;
  /** Absolute. */
  readonly dataFolders: readonly string[];
  readonly nowMs: number;
}

export async function examineFiles(input: FilesInput): Promise<Finding[]> {
  const { config, file, dependencies } = input.loaded;
  const isProduction = config.server.environment === 'production';
  const { tls } = config.server;
  // Whatever the file refers to holds a secret, or it would be written out.
  const secrets = new Set(dependencies.filter((path) => path !== file));
  if (tls !== undefined) secrets.add(tls.key_file);
  const found = await Promise.all([
    ...(file === undefined ? [] : [readers(file, { id: 'files.config', isSecret: false, isProduction })]),
    ...[...secrets].map((path) => readers(path, { id: 'files.secret', isSecret: true, isProduction })),
    certificate(tls, input.nowMs),
    ...input.dataFolders.map((folder) => dataFolder(folder)),
  ]);
  return found.flat();
}

interface ReadersOptions {
  readonly id: string;
  readonly isSecret: boolean;
  readonly isProduction: boolean;
}

async function readers(path: string, { id, isSecret, isProduction }: ReadersOptions): Promise<Finding[]> {
  if (process.platform === 'win32') return [skipped(id, 'rights of files are not judged on Windows', path)];
  let mode: number;
  try {
    ({ mode } = await stat(path));
  } catch (error) {
    return [
      fail(id, {
        subject: path,
        seen: `${path} cannot be read: ${messageOf(error)}`,
        todo: 'name a file that is there, and that this user may read',
      }),
    ];
  }
  return [judgeMode(path, mode, { id, isSecret, isProduction })];
}

/** Pure. A configuration may be read by others as long as no secret is written out in it, which keys.ts says. */
export function judgeMode(path: string, mode: number, { id, isSecret, isProduction }: ReadersOptions): Finding {
  const rights = `mode ${(mode & 0o777).toString(8).padStart(3, '0')}`;
  if ((mode & OTHERS_MAY_WRITE) !== 0)
    return graver(isProduction)(id, {
      subject: path,
      seen: `anyone on this machine may change ${path} (${rights})`,
      todo: `chmod o-w ${path}`,
    });
  if ((mode & OTHERS_MAY_READ) === 0) return ok(id, `${path} is not for others (${rights})`, path);
  if (isSecret)
    return graver(isProduction)(id, {
      subject: path,
      seen: `anyone on this machine may read the secret in ${path} (${rights})`,
      todo: `chmod 600 ${path}`,
    });
  return warn(id, {
    subject: path,
    seen: `anyone on this machine may read ${path} (${rights}), and with it whatever is written out there`,
    todo: `chmod 640 ${path}`,
  });
}

async function certificate(tls: LoadedConfig['config']['server']['tls'], nowMs: number): Promise<Finding[]> {
  if (tls === undefined) return [skipped('tls.certificate', 'server.tls is not set')];
  try {
    const [chain, key] = await Promise.all([readSmall(tls.cert_file), readSmall(tls.key_file)]);
    return [judgeCertificate(new X509Certificate(chain), key, nowMs)];
  } catch (error) {
    return [
      fail('tls.certificate', {
        seen: `the certificate cannot be used: ${messageOf(error)}`,
        todo: 'name a PEM certificate chain in server.tls.cert_file and its PEM key in server.tls.key_file',
      }),
    ];
  }
}

function judgeCertificate(cert: X509Certificate, key: Buffer, nowMs: number): Finding {
  if (!cert.checkPrivateKey(createPrivateKey(key)))
    return fail('tls.certificate', {
      seen: 'the certificate and the key do not belong together',
      todo: 'set server.tls.key_file to the key of that certificate',
    });
  const fromMs = Date.parse(cert.validFrom);
  const untilMs = Date.parse(cert.validTo);
  const days = Math.floor((untilMs - nowMs) / DAY_MS);
  if (nowMs < fromMs || nowMs > untilMs)
    return fail('tls.certificate', {
      seen: `the certificate is valid from ${cert.validFrom} to ${cert.validTo}, which is not now`,
      todo: 'renew it, or set the clock',
    });
  if (untilMs - nowMs < EXPIRES_SOON_MS) return warn('tls.certificate', { seen: `the certificate ends in ${days} days`, todo: 'renew it' });
  if (cert.issuer === cert.subject)
    return warn('tls.certificate', {
      seen: 'the certificate is signed by itself: clients refuse it unless told not to',
      todo: 'take one of an authority that your clients trust',
    });
  return ok('tls.certificate', `the certificate fits its key and is valid for another ${days} days`);
}

async function dataFolder(folder: string): Promise<Finding[]> {
  const where = await nearestThere(folder);
  try {
    await access(where, constants.W_OK | constants.X_OK);
  } catch {
    return [
      fail('disk', {
        subject: folder,
        seen: `${folder} cannot be written`,
        todo: `let this user write there (chown), or set another folder`,
      }),
    ];
  }
  const { bavail, bsize } = await statfs(where);
  const free = bavail * bsize;
  const told = `${Math.round(free / MIB)} MiB are free at ${folder}`;
  if (free < SPACE_BYTES_MIN) return [warn('disk', { subject: folder, seen: told, todo: 'make room, or set a folder on another disk' })];
  return [ok('disk', told, folder)];
}

/** The folder itself, or the nearest one above it: what is not there yet will be made. */
async function nearestThere(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    if (path === dirname(path)) return path;
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined) return path;
  }
}

async function readSmall(path: string): Promise<Buffer> {
  const { size } = await stat(path);
  if (size > FILE_BYTES_MAX) throw new Error(`${path} is larger than a certificate can be`);
  return readFile(path);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Keys and secrets: known to everyone, easy to guess, used for two things, or lying about. Pure. */

import type { Config } from '../config/config.ts';
import type { LoadedConfig } from '../config/load.ts';
import { isDocumentedSecret } from '../config/safety.ts';
import { type Finding, fail, graver, ok, skipped, warn } from './finding.ts';
import { STRONG_BITS, strengthBits, WEAK_BITS } from './strength.ts';

const NEW_KEY = 'make one: openssl rand -hex 24';
/** RFC 7518 §3.2: a key of the hash's size or larger. */
const JWT_SECRET_BYTES_MIN = { HS256: 32, HS384: 48, HS512: 64 } as const;

export function examineKeys({ config, originOf }: Pick<LoadedConfig, 'config' | 'originOf'>): Finding[] {
  const { auth } = config;
  if (auth.keys.length === 0 && auth.jwt === undefined)
    return [skipped('keys', 'there are no keys and no JWT: callers are not told apart'), ...jwtFindings(config)];
  const isMade = auth.keys.length > 0 && originOf(['auth', 'keys']).kind === 'zero-config';
  return [
    ...(isMade
      ? [ok('keys.strength', 'the one key was made by chance for this machine')]
      : config.auth.keys.flatMap((key) => keyFindings(key, config))),
    ...sameSecretTwice(config),
    ...adminKeys(config, isMade),
    ...jwtFindings(config),
    ...writtenOut(config, originOf),
  ];
}

function keyFindings({ name, key }: Config['auth']['keys'][number], { server }: Config): Finding[] {
  const isProduction = server.environment === 'production';
  const grave = graver(isProduction);
  const todo = `replace the key '${name}' in auth.keys (or API_KEYS); ${NEW_KEY}`;
  if (isDocumentedSecret(key))
    return [grave('keys.documented', { subject: name, seen: `the key '${name}' is a development key that documentation prints`, todo })];
  const bits = strengthBits(key);
  if (bits < WEAK_BITS)
    return [
      grave('keys.strength', {
        subject: name,
        seen: `the key '${name}' can be guessed: ${key.length} characters, about ${bits} bits`,
        todo,
      }),
    ];
  if (bits < STRONG_BITS)
    return [
      warn('keys.strength', {
        subject: name,
        seen: `the key '${name}' is worth about ${bits} bits; ${STRONG_BITS} or more are wanted`,
        todo,
      }),
    ];
  return [ok('keys.strength', `the key '${name}' cannot be guessed`, name)];
}

/** One secret for two purposes: who may use the one then may use the other, and neither can be replaced alone. */
function sameSecretTwice({ auth, providers, services, telemetry }: Config): Finding[] {
  const uses = new Map<string, string[]>();
  const note = (secret: string | undefined, use: string) => {
    const bare = secret?.replace(/^bearer\s+/i, '');
    if (bare !== undefined && bare.length >= 8) uses.set(bare, [...(uses.get(bare) ?? []), use]);
  };
  for (const { key, name } of auth.keys) note(key, `the key '${name}'`);
  note(auth.jwt?.secret, 'auth.jwt.secret');
  for (const [name, provider] of Object.entries(providers)) {
    note(provider.api_key, `providers.${name}.api_key`);
    for (const [header, value] of Object.entries(provider.headers)) note(value, `providers.${name}.headers.${header}`);
  }
  for (const [name, { headers }] of Object.entries(services))
    for (const [header, value] of Object.entries(headers)) note(value, `services.${name}.headers.${header}`);
  for (const [header, value] of Object.entries(telemetry.traces.headers)) note(value, `telemetry.traces.headers.${header}`);
  const ours = (use: string) => use.startsWith('the key') || use === 'auth.jwt.secret';
  const shared = [...uses.values()].filter((all) => all.length > 1 && all.some(ours));
  if (shared.length === 0) return [ok('keys.reused', 'no secret of ours is used for two things')];
  return shared.map((all) => fail('keys.reused', { seen: `${all.join(' and ')} are one secret`, todo: `give each its own; ${NEW_KEY}` }));
}

function adminKeys({ auth, server }: Config, isMade: boolean): Finding[] {
  if (auth.keys.length === 0 || isMade) return [];
  const admins = auth.keys.filter(({ admin }) => admin);
  if (admins.length === 0) return [ok('keys.admin', 'no key may call the admin routes')];
  if (admins.length === auth.keys.length && server.environment !== 'development')
    return [
      warn('keys.admin', {
        seen: 'every key may call the admin routes',
        todo: 'add a key without `admin: true` to auth.keys for applications, and keep the admin key for people',
      }),
    ];
  return [ok('keys.admin', `${admins.length} of ${auth.keys.length} keys may call the admin routes`)];
}

function jwtFindings({ auth: { jwt }, server }: Config): Finding[] {
  if (jwt === undefined) return [skipped('jwt', 'auth.jwt is not set')];
  const grave = graver(server.environment === 'production');
  const findings: Finding[] = [];
  if (jwt.secret !== undefined) findings.push(jwtSecret(jwt.secret, jwt.algorithms ?? ['HS256'], grave));
  if (jwt.jwks_url?.startsWith('http:') === true)
    findings.push(
      grave('jwt.jwks', {
        seen: 'the keys of the identity provider come over plain http',
        todo: 'set auth.jwt.jwks_url to an https address',
      }),
    );
  if (jwt.secret === undefined && jwt.audience === undefined)
    findings.push(
      warn('jwt.audience', {
        seen: 'a token that was issued for another application of the same identity provider is accepted',
        todo: 'set auth.jwt.audience (and auth.jwt.issuer)',
      }),
    );
  else findings.push(ok('jwt.audience', 'tokens of others are refused'));
  if (jwt.lifetime_max === undefined)
    findings.push(warn('jwt.lifetime', { seen: 'a token may be valid for any time', todo: 'set auth.jwt.lifetime_max, such as 24h' }));
  return findings;
}

function jwtSecret(secret: string, algorithms: readonly string[], grave: ReturnType<typeof graver>): Finding {
  const todo = 'make one: openssl rand -hex 32; set SECRET_KEY or auth.jwt.secret';
  if (isDocumentedSecret(secret)) return grave('jwt.secret', { seen: 'the JWT secret is one that documentation prints', todo });
  const wanted = Math.max(...algorithms.map((name) => JWT_SECRET_BYTES_MIN[name as keyof typeof JWT_SECRET_BYTES_MIN] ?? 32));
  const bytes = Buffer.byteLength(secret);
  if (bytes < wanted)
    return grave('jwt.secret', { seen: `the JWT secret has ${bytes} bytes; ${algorithms.join(', ')} wants ${wanted} (RFC 7518)`, todo });
  const bits = strengthBits(secret);
  if (bits < STRONG_BITS) return grave('jwt.secret', { seen: `the JWT secret can be guessed: about ${bits} bits`, todo });
  return ok('jwt.secret', 'the JWT secret cannot be guessed');
}

/** A secret in the file goes wherever the file goes: into the repository, the image, the backup. */
function writtenOut(config: Config, originOf: LoadedConfig['originOf']): Finding[] {
  const inFile = (path: (string | number)[]) => {
    const origin = originOf(path);
    return origin.kind === 'file' && origin.via === undefined;
  };
  const places = [
    ...config.auth.keys.flatMap(({ name }, index) =>
      inFile(['auth', 'keys', index, 'key']) ? [`auth.keys[${index}].key ('${name}')`] : [],
    ),
    ...(config.auth.jwt?.secret !== undefined && inFile(['auth', 'jwt', 'secret']) ? ['auth.jwt.secret'] : []),
    ...Object.entries(config.providers).flatMap(([name, { api_key: key }]) =>
      key !== undefined && inFile(['providers', name, 'api_key']) ? [`providers.${name}.api_key`] : [],
    ),
  ];
  if (places.length === 0) return [ok('keys.written', 'no secret is written out in the configuration file')];
  const some = places.slice(0, 3).join(', ');
  return [
    warn('keys.written', {
      seen: `${some}${places.length > 3 ? ` and ${places.length - 3} more` : ''} ${places.length === 1 ? 'is' : 'are'} written out in the configuration file`,
      todo: 'write `${VARIABLE}` or `${file:/run/secrets/NAME}` instead, and give the value there',
    }),
  ];
}

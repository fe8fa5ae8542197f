import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles } from '../../src/cli/generate.ts';
import { configSchema } from '../../src/config/config.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemFiles } from '../../src/config/system-source.ts';
import { parseYaml } from '../../src/config/yaml-source.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const generated = await generatedFiles();
const example = readFileSync(join(ROOT, 'gatehouse.example.yaml'), 'utf8');

describe('generated files are what the code says (if not: npm run generate)', () => {
  for (const [name, text] of generated) {
    test(name, () => {
      expect(readFileSync(join(ROOT, name), 'utf8')).toBe(text);
    });
  }
});

describe('the example', () => {
  const load = () => loadConfig({ file: 'gatehouse.example.yaml', environment: {}, source: systemFiles({ HOME: '/nowhere' }, ROOT) });

  test('is a configuration that may be started', async () => {
    expect((await load()).unsafe).toEqual([]);
  });

  test('shows the defaults: where names are not free, it says what no file at all says', async () => {
    const { config } = await load();
    const plain = configSchema.parse({});
    for (const section of ['server', 'state', 'admission', 'upstream', 'telemetry', 'admin'] as const)
      expect(config[section]).toEqual(plain[section]);
    expect(config.limits.default).toEqual(plain.limits.default);
    expect(config.limits.tiers).toEqual(plain.limits.tiers);
  });

  test('fits the JSON Schema, and the schema refuses what is wrong', () => {
    const schema = configJsonSchema();
    expect(refusals(schema, parseYaml(example, 'example').value)).toEqual([]);
    expect(refusals(schema, { server: { prot: 1 } })).toEqual(['server.prot: unknown']);
    expect(refusals(schema, { server: { port: 'x' } })).toEqual(['server.port: no alternative fits']);
    expect(refusals(schema, { server: { port: '${PORT}', body_timeout: 'soon' } })).toEqual(['server.body_timeout: no alternative fits']);
    expect(refusals(schema, { auth: { keys: [{ name: 'a' }] } })).toEqual(['auth.keys.0.key: missing']);
  });

  test('every setting of the schema has a description', () => {
    expect(undescribed(configJsonSchema())).toEqual([]);
  });
});

type Schema = Record<string, unknown>;

/** As much of JSON Schema as the generator writes; an unknown keyword is an error, so that nothing passes unread. */
function refusals(schema: Schema, value: unknown, path = ''): string[] {
  const known =
    'type properties required additionalProperties propertyNames items anyOf enum const pattern format minimum maximum exclusiveMinimum minLength maxLength minItems maxItems';
  const silent = '$schema title description default';
  for (const keyword of Object.keys(schema))
    if (!`${known} ${silent}`.split(' ').includes(keyword)) throw new Error(`this test does not know the keyword ${keyword}`);
  const say = (what: string) => [`${path}: ${what}`];
  const at = (name: string | number) => (path === '' ? String(name) : `${path}.${name}`);
  const {
    type,
    anyOf,
    properties = {},
    additionalProperties,
    items,
    required = [],
    pattern,
    minimum,
    maximum,
  } = schema as {
    type?: string;
    anyOf?: Schema[];
    properties?: Record<string, Schema>;
    additionalProperties?: Schema | false;
    items?: Schema;
    required?: string[];
    pattern?: string;
    minimum?: number;
    maximum?: number;
  };
  if (anyOf !== undefined) return anyOf.some((option) => refusals(option, value, path).length === 0) ? [] : say('no alternative fits');
  if ('const' in schema) return value === schema['const'] ? [] : say('another constant');
  if (Array.isArray(schema['enum'])) return schema['enum'].includes(value) ? [] : say('none of the values');
  if (type === 'object') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return say('no section');
    const missing = required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at(name)}: missing`);
    return [
      ...missing,
      ...Object.entries(value).flatMap(([name, part]) => {
        const inner = properties[name] ?? additionalProperties;
        if (inner === false) return [`${at(name)}: unknown`];
        return inner === undefined ? [] : refusals(inner, part, at(name));
      }),
    ];
  }
  if (type === 'array')
    return Array.isArray(value) ? value.flatMap((item, index) => refusals(items ?? {}, item, at(index))) : say('no list');
  if (type === 'string') return typeof value === 'string' && new RegExp(pattern ?? '').test(value) ? [] : say('no such text');
  if (type === 'boolean') return typeof value === 'boolean' ? [] : say('no switch');
  if (type === 'number' || type === 'integer') {
    const fits =
      typeof value === 'number' &&
      (type === 'number' || Number.isInteger(value)) &&
      value >= (minimum ?? -Infinity) &&
      value <= (maximum ?? Infinity);
    return fits ? [] : say('no such number');
  }
  return [];
}

/** Paths of settings without a description; sections may speak for themselves. */
function undescribed(schema: Schema, path = ''): string[] {
  const {
    properties = {},
    items,
    additionalProperties,
  } = schema as { properties?: Record<string, Schema>; items?: Schema; additionalProperties?: Schema | false };
  return [
    ...Object.entries(properties).flatMap(([name, field]) => {
      const at = `${path}${name}`;
      const isSilent = field['description'] === undefined && field['properties'] === undefined;
      return [...(isSilent ? [at] : []), ...undescribed(field, `${at}.`)];
    }),
    ...(items === undefined ? [] : undescribed(items, path)),
    ...(additionalProperties === undefined || additionalProperties === false ? [] : undescribed(additionalProperties, path)),
  ];
}

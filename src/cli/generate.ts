/** `gatehouse generate`: writes the files that are made of the code. `test/config/generated.test.ts` fails while they are stale. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { capabilitiesPage } from '../admin/capabilities-page.ts';
import { envExample } from '../config/env-example.ts';
import { exampleYaml } from '../config/example.ts';
import { configJsonSchema } from '../config/json-schema.ts';
import { configPage, environmentPage, errorsPage } from '../config/reference.ts';
import { DIALECTS } from '../dialects/registry.ts';
import { type Command, type CommandIo, withUsage } from './command.ts';
import { openApiText, referenceConfig } from './openapi-text.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export const generateCommand: Command = {
  name: 'generate',
  summary: 'Write the files that are made of the code.',
  usage: `Usage: gatehouse generate [--check]

Writes the JSON Schema, the example configuration, .env.example and docs/reference from the code.

      --check   write nothing; exit code 1 when a file is not what it would be
`,
  run: (args, io) => withUsage(generateCommand, io, () => generate(args, io)),
};

/** Path from the project's root, and text, of every generated file. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['gatehouse.schema.json', `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`],
    ['gatehouse.example.yaml', exampleYaml()],
    ['.env.example', envExample()],
    ['docs/reference/config.md', configPage()],
    ['docs/reference/environment.md', environmentPage()],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/capabilities.md', capabilitiesPage(DIALECTS)],
    ['docs/reference/openapi.json', await openApiText(referenceConfig())],
  ]);
}

async function generate(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args, options: { check: { type: 'boolean' } } });
  let stale = 0;
  for (const [name, text] of await generatedFiles()) {
    const path = join(ROOT, name);
    if ((await readFile(path, 'utf8').catch(() => undefined)) === text) continue;
    stale += 1;
    io.stdout(`${values.check === true ? 'stale' : 'wrote'}: ${name}\n`);
    if (values.check === true) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return values.check === true && stale > 0 ? 1 : 0;
}

/** `gatehouse openapi`: the API of a configuration as an OpenAPI document, without starting it. */

import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import { systemFiles, systemZeroConfig } from '../config/system-source.ts';
import { type Command, type CommandIo, withUsage } from './command.ts';
import { openApiText } from './openapi-text.ts';
import { START_OPTIONS, START_OPTIONS_HELP, startOptions } from './start-options.ts';

const USAGE = `Usage: gatehouse openapi [options]

Prints the OpenAPI 3.1 document that 'gatehouse start' with the same options would serve at /openapi.json. Nothing is started.

${START_OPTIONS_HELP}  -o, --output FILE        write to a file
`;

export const openApiCommand: Command = {
  name: 'openapi',
  summary: 'Print the API as an OpenAPI document.',
  usage: USAGE,
  run: (args, io) => withUsage(openApiCommand, io, () => run(args, io)),
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args, options: { ...START_OPTIONS, output: { type: 'string', short: 'o' } } });
  try {
    const { config } = await loadConfig({
      ...startOptions(values),
      environment: io.env,
      source: systemFiles(io.env, io.cwd),
      zeroConfig: systemZeroConfig(io.env, false),
    });
    const text = await openApiText(config);
    if (values.output === undefined) io.stdout(text);
    else await writeFile(resolve(io.cwd, values.output), text);
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.stderr(`${error.message}\n`);
    return 1;
  }
}

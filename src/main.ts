import { runCommandLine } from './cli/command.ts';
import { systemEnvironment } from './config/system-source.ts';

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  env: systemEnvironment(),
  cwd: process.cwd(),
});

import { runCommandLine } from './cli/command.ts';
import { systemEnvironment } from './config/system-source.ts';

// Without `await` at the top: the bundle that a start runs from (bin/bundle.mjs) is of a kind that has none.
runCommandLine(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  env: systemEnvironment(),
  cwd: process.cwd(),
}).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    // A defect: uncaught, so that it is told with its stack.
    queueMicrotask(() => {
      throw error;
    });
  },
);

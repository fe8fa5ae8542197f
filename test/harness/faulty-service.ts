/* A service that a gateway leans on, as a process of its own: to be told to do wrong, frozen, killed and brought back on the same port. */
import { join } from 'node:path';
import { ROOT, type StartedProcess, startProcess } from './process.ts';

export interface FaultyService extends AsyncDisposable {
  readonly url: string;
  /** From now on it does this wrong; `''`: nothing. What each of them is, the program says. */
  fault(name: string): Promise<void>;
  /** How often it did wrong since it was told to. */
  faults(): Promise<number>;
  /** Freezes it: connections stay open, nothing answers. */
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  /** On the same port, without anything that it knew. */
  restart(): Promise<void>;
}

/** `program`: below the folder of the tests; it takes a port, says where it is ready, and is told what to do wrong at `/__fault`. */
export async function startFaultyService(program: string): Promise<FaultyService> {
  const start = (port: number): Promise<StartedProcess> =>
    startProcess({
      command: process.execPath,
      args: [join(ROOT, 'test', program), String(port)],
      readyPattern: /ready at (http:\/\/[\d.]+:(\d+))/,
      timeoutMs: 20_000,
    });
  let started = await start(0);
  const [, url = '', port = '0'] = started.ready;
  return {
    url,
    async fault(name) {
      const reply = await fetch(`${url}/__fault`, { method: 'POST', body: name });
      if (!reply.ok) throw new Error(`${program} knows no fault '${name}'`);
    },
    faults: async () => Number(await (await fetch(`${url}/__fault`)).text()),
    pause: () => started.kill('SIGSTOP'),
    resume: () => started.kill('SIGCONT'),
    kill: async () => started[Symbol.asyncDispose](),
    async restart() {
      await started[Symbol.asyncDispose]();
      started = await start(Number(port));
    },
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}

import type { RequestRecord, SimulatorStats } from '../../src/simulate/recorder.ts';
import { type StartedProcess, startGatehouse } from './process.ts';

export interface SimulatorProcess extends AsyncDisposable {
  readonly url: string;
  readonly process: StartedProcess;
  /** The last requests, oldest first; `path` keeps those that begin with it. */
  requests(path?: string): Promise<RequestRecord[]>;
  stats(): Promise<SimulatorStats>;
  /** From now on does this to every request, or to those under `path`; `''` takes all of it back. Syntax: src/simulate/faults.ts. */
  fault(fault: string, path?: string): Promise<void>;
  /** Forgets requests, totals, counts and faults. */
  reset(): Promise<void>;
}

/** Starts `gatehouse simulate` on a free port, as a process of its own. */
export async function startSimulator(flags: readonly string[] = []): Promise<SimulatorProcess> {
  const started = await startGatehouse(['simulate', '--port', '0', '--quiet', ...flags], {
    readyPattern: /simulator ready at (http:\/\/[\d.]+:\d+)/,
  });
  const url = started.ready[1] ?? '';
  const post = async (path: string, body: object) => {
    const reply = await fetch(`${url}/__sim/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(`simulator refused ${path}: ${await reply.text()}`);
  };
  return {
    url,
    process: started,
    async requests(path = '') {
      const reply = await fetch(`${url}/__sim/requests?path=${encodeURIComponent(path)}`);
      return ((await reply.json()) as { requests: RequestRecord[] }).requests;
    },
    stats: async () => (await (await fetch(`${url}/__sim/stats`)).json()) as SimulatorStats,
    fault: (fault, path) => post('fault', path === undefined ? { fault } : { fault, path }),
    reset: () => post('reset', {}),
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}

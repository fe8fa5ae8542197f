import type { Faults } from './faults.ts';

/** How a simulator is started. All of it can be said on the command line; see src/cli/simulate.ts. */
export interface SimulatorOptions {
  readonly hostname: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** The one AI service to be, by its name in services/catalog.ts; absent: all of them, and the models. */
  readonly service?: string;
  /** Same seed, same answers. */
  readonly seed: number;
  /** Names listed by `/v1/models` and `/api/tags`. */
  readonly models: readonly string[];
  /** Answer to every model name, listed or not. */
  readonly anyModel: boolean;
  /** What holds for every request unless it says otherwise: timing, mostly. */
  readonly behaviour: Faults;
  /** Serve `/__sim/*` and keep a record of requests. Off, nothing is recorded. */
  readonly control: boolean;
  /** Requests kept in the record; the oldest go first. */
  readonly recordsMax: number;
}

export const SIMULATOR_DEFAULTS: SimulatorOptions = {
  hostname: '127.0.0.1',
  port: 0,
  seed: 1,
  models: ['sim-1', 'sim-2', 'sim-embed'],
  anyModel: true,
  behaviour: {},
  control: true,
  recordsMax: 1_000,
};

/* Zod schemas as OpenAPI 3.1 has them: JSON Schema 2020-12, with the named ones under `components.schemas`. */

import { z } from 'zod';

export type Json = Record<string, unknown>;

/** `input`: what may be sent, where a default spares one a field. `output`: what comes back. */
export type Direction = 'input' | 'output';

export class SchemaBook {
  readonly #components = new Map<string, Json>();

  /** The schema, or a reference to it. Throws when two different schemas bear one name. */
  use(schema: z.ZodType, io: Direction): Json {
    const { $schema: _dialect, $defs = {}, ...root } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
    for (const [name, definition] of Object.entries($defs)) this.#add(name, plain(definition));
    return plain(root);
  }

  /** By name, in the order of the alphabet. */
  get components(): Json {
    return Object.fromEntries([...this.#components].toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }

  #add(name: string, schema: Json): void {
    const known = this.#components.get(name);
    if (known === undefined) this.#components.set(name, schema);
    else if (JSON.stringify(known) !== JSON.stringify(schema)) throw new Error(`two different schemas are named '${name}'`);
  }
}

const LOCAL = '#/$defs/';

/** Bounds that zod adds to every integer say nothing to a reader. */
const SILENT: ReadonlySet<unknown> = new Set([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);

function plain(schema: object): Json {
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
      if (key === '$ref' && typeof value === 'string') return [[key, value.replace(LOCAL, '#/components/schemas/')]];
      if ((key === 'maximum' || key === 'minimum') && SILENT.has(value)) return [];
      // `additionalProperties: {}` says what leaving it out says.
      if (key === 'additionalProperties' && isEmpty(value)) return [];
      return [[key, plainValue(value)]];
    }),
  );
}

function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue);
  return typeof value === 'object' && value !== null ? plain(value) : value;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

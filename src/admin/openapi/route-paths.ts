/* Patterns of the route table as OpenAPI writes paths. */

export interface OpenApiPath {
  /** `/v1/models/{id}`. */
  readonly template: string;
  /** Names of its parameters, with what our patterns say beyond a name. */
  readonly parameters: readonly { readonly name: string; readonly slashes: boolean }[];
}

/** The name of what `*` stands for. */
export const REST = 'path';

/** `/a/{id...}/b` → `/a/{id}/b`; `/a/*` → `/a/{path}`. OpenAPI has no parameter with slashes: it is said in words. */
export function openApiPath(pattern: string): OpenApiPath {
  const parameters: { name: string; slashes: boolean }[] = [];
  const named = pattern.endsWith('/*') ? `${pattern.slice(0, -1)}{${REST}...}` : pattern;
  const template = named.replaceAll(/\{([a-z_]+)(\.\.\.)?\}/g, (_all, name: string, rest: string | undefined) => {
    parameters.push({ name, slashes: rest !== undefined });
    return `{${name}}`;
  });
  return { template, parameters };
}

/** Methods that OpenAPI has a place for; `*` stands for those that a caller may want. HEAD follows from GET. */
export function openApiMethods(methods: readonly string[]): string[] {
  const all = methods.includes('*') ? ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] : methods;
  return all.map((method) => method.toLowerCase()).filter((method) => METHODS.has(method));
}

const METHODS: ReadonlySet<string> = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']);

/** Unique names of operations, made of method and pattern: `postV1ChatCompletions`. */
export function createOperationIds(): (method: string, pattern: string) => string {
  const taken = new Set<string>();
  return (method, pattern) => {
    const words = pattern.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
    const base = method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
    let id = base;
    for (let number = 2; taken.has(id); number += 1) id = `${base}${number}`;
    taken.add(id);
    return id;
  };
}

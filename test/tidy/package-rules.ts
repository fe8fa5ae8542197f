/*
 * The rules about what we lean on and what we decided: dependencies are few, pinned, need no install script and no git, and
 * each has a line that says why; decisions are numbered and titled.
 */

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export type LockPackages = Readonly<Record<string, LockEntry>>;

export const DIRECT_MAX = 20;
export const TREE_MAX = 60;

/** Bun itself, one package per platform, of which npm installs one: it counts as one direct dependency. */
const isRuntime = (name: string) => name.startsWith('@oven/bun-');

/** What is wrong with package.json; `reasons` is the text of the record that explains each dependency. */
export function manifestProblems(manifest: Manifest, reasons: string): string[] {
  const problems: string[] = [];
  const groups = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };
  for (const [name, version] of Object.entries(groups)) {
    if (!/^\d+\.\d+\.\d+$/.test(version)) problems.push(`package.json: ${name} is '${version}': pin one exact version from the registry`);
    if (!isRuntime(name) && !reasons.includes(`\`${name}\``)) {
      problems.push(`package.json: ${name} has no line in docs/decisions/0002-dependencies.md: say there what it saves us`);
    }
  }
  const direct = new Set(
    Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).map((name) => (isRuntime(name) ? 'bun' : name)),
  );
  if (direct.size > DIRECT_MAX) problems.push(`package.json: ${direct.size} direct dependencies, at most ${DIRECT_MAX}: leave one out`);
  const runtimes = new Set(
    Object.entries(manifest.optionalDependencies ?? {}).flatMap(([name, version]) => (isRuntime(name) ? [version] : [])),
  );
  if (runtimes.size > 1)
    problems.push(`package.json: Bun has several versions (${[...runtimes].join(', ')}): every platform runs the same one`);
  return problems;
}

/**
 * Packages of the tests whose install scripts do nothing that anybody needs, read at the version that the lock names: one prints a line, the
 * other warns of version ranges. An official client can't be swapped for another one.
 */
const IDLE_SCRIPTS: ReadonlySet<string> = new Set(['@google/genai', 'protobufjs']);

/** What is wrong with the packages of package-lock.json. */
export function lockProblems(packages: LockPackages): string[] {
  const problems: string[] = [];
  const tree = new Set<string>();
  for (const [path, entry] of Object.entries(packages)) {
    if (path === '') continue;
    const name = path.split('node_modules/').at(-1) ?? path;
    if (entry.hasInstallScript === true && !(entry.dev === true && IDLE_SCRIPTS.has(name))) {
      problems.push(
        `package-lock.json: ${name} has an install script, which npm may block: choose another, or its prebuilt platform packages`,
      );
    }
    // .npmrc leaves `resolved` out for what comes from the registry, so whatever has it comes from elsewhere.
    if (entry.resolved !== undefined) {
      problems.push(`package-lock.json: ${name} comes from ${entry.resolved}: only the npm registry keeps what it published`);
    }
    for (const needed of Object.keys(entry.optionalDependencies ?? {})) {
      if (packages[`node_modules/${needed}`] === undefined && packages[`${path}/node_modules/${needed}`] === undefined) {
        problems.push(`package-lock.json: ${needed} is missing, so \`npm ci\` refuses the file: run \`node .ci/complete-lock.mjs\``);
      }
    }
    if (entry.dev !== true && entry.devOptional !== true) tree.add(isRuntime(name) ? 'bun' : name);
  }
  if (tree.size > TREE_MAX)
    problems.push(`package-lock.json: ${tree.size} packages at run time, at most ${TREE_MAX}: see \`npm ls --omit=dev --all\``);
  return problems;
}

/** What is wrong with the decision records: `0001-title.md`, …, without gaps, each headed `# 0001. Title`. */
export function decisionProblems(records: readonly { name: string; text: string }[]): string[] {
  const problems: string[] = [];
  const sorted = records.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const [position, { name, text }] of sorted.entries()) {
    const number = String(position + 1).padStart(4, '0');
    if (!new RegExp(`^${number}-[a-z0-9]+(-[a-z0-9]+)*\\.md$`).test(name)) {
      problems.push(`docs/decisions/${name}: expected ${number}-title-in-kebab-case.md: numbers have no gaps and no doubles`);
    }
    if (!text.startsWith(`# ${name.slice(0, 4)}. `)) problems.push(`docs/decisions/${name}: begin with \`# ${name.slice(0, 4)}. Title\``);
  }
  return problems;
}

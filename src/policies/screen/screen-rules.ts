/* Which checks apply to a path, and whether any may on a route: a route without one has no layer. */

import { createPathMatch } from '../../base/path-match.ts';
import type { RouteInfo } from '../../pipeline/route.ts';
import type { ScreeningConfig, ScreenMode } from './screen-config.ts';
import { decodePercent } from './text-forms.ts';

export type Check = 'sql_injection' | 'xss' | 'structure';

export interface ScreenRule {
  readonly modes: Readonly<Record<Check, ScreenMode>>;
  readonly isOff: boolean;
  readonly contentTypes: readonly string[] | undefined;
  /** Bodies that cannot be screened are refused. */
  readonly refusesUnscreened: boolean;
}

/** The rule of a path. */
export type FindRule = (path: string) => ScreenRule;

interface Entry {
  readonly match: string;
  readonly matches: (path: string) => boolean;
  readonly rule: ScreenRule;
}

const OFF: ScreenRule = {
  modes: { sql_injection: 'off', xss: 'off', structure: 'off' },
  isOff: true,
  contentTypes: undefined,
  refusesUnscreened: false,
};

/** For every route, its rules; undefined where all of them are off. */
export function createScreenRules(config: ScreeningConfig): (route: RouteInfo) => FindRule | undefined {
  const defaults = ruleOf(config, { unscreened: 'refuse' });
  const entries = config.rules.map(
    (given): Entry => ({ match: given.match, matches: createPathMatch(given.match), rule: ruleOf(config, given) }),
  );
  return (route) => {
    const unnamed = route.kind === 'service' ? defaults : OFF;
    const near = entries.filter(({ match }) => mayMeet(match, route.pattern));
    const whole = near.findIndex(({ match }) => covers(match, route.pattern));
    const relevant = whole === -1 ? near : near.slice(0, whole + 1);
    const rest = relevant[whole]?.rule ?? unnamed;
    if (rest.isOff && relevant.every(({ rule }) => rule.isOff)) return undefined;
    return (path) => {
      if (relevant.length === 0) return unnamed;
      // A path that a service will decode is under the rule of what it decodes to.
      const decoded = path.includes('%') ? decodePercent(path) : path;
      return relevant.find(({ matches }) => matches(path) || (decoded !== path && matches(decoded)))?.rule ?? unnamed;
    };
  };
}

type Given = { readonly [check in Check]?: ScreenMode | undefined } & {
  readonly content_types?: readonly string[] | undefined;
  readonly unscreened: 'refuse' | 'pass';
};

function ruleOf(config: ScreeningConfig, given: Given): ScreenRule {
  const modes = {
    sql_injection: given.sql_injection ?? config.sql_injection,
    xss: given.xss ?? config.xss,
    structure: given.structure ?? config.structure,
  };
  const values = Object.values(modes);
  return {
    modes,
    isOff: values.every((mode) => mode === 'off'),
    contentTypes: given.content_types?.map((type) => type.toLowerCase()),
    refusesUnscreened: values.includes('block') && given.unscreened === 'refuse',
  };
}

/** The part of a pattern before its first wildcard or parameter. */
function fixedPart(pattern: string): string {
  return pattern.replace(/[*{].*$/, '');
}

function isExact(pattern: string): boolean {
  return !/[*{]/.test(pattern);
}

/** Whether some path is meant by both. A slash at the end of a path is tolerated by routes. */
function mayMeet(match: string, pattern: string): boolean {
  const one = fixedPart(match).replace(/\/$/, '');
  const other = fixedPart(pattern).replace(/\/$/, '');
  if (isExact(match) && isExact(pattern)) return one === other;
  if (isExact(match)) return one.startsWith(other);
  if (isExact(pattern)) return other.startsWith(one);
  return one.startsWith(other) || other.startsWith(one);
}

/** Whether every path of the route is meant. */
function covers(match: string, pattern: string): boolean {
  const matches = createPathMatch(match);
  if (isExact(pattern)) return matches(pattern) && (match.endsWith('*') || pattern === '/');
  return match.endsWith('*') && fixedPart(pattern).startsWith(fixedPart(match));
}

/** Rate limits: whether there are any for everyone, and whether they mean what they say. Pure. */

import type { Config } from '../config/config.ts';
import { unshared } from '../config/unshared.ts';
import { type Finding, graver, ok, skipped, warn } from './finding.ts';

type Rates = Config['limits']['default'];

export function examineLimits(config: Config): Finding[] {
  return [...rateFindings(config), ...sharing(config)];
}

function rateFindings({ limits, auth, server }: Config): Finding[] {
  const grave = graver(server.environment === 'production');
  if (limits.mode !== 'enforce')
    return [
      grave('limits.mode', {
        seen: limits.mode === 'off' ? 'nobody is limited' : 'limits are counted, and let everyone pass (shadow)',
        todo: 'set limits.mode to enforce',
      }),
    ];
  const used = new Set([...auth.keys.map(({ tier }) => tier), ...(auth.jwt === undefined ? [] : [auth.jwt.tier])]);
  const findings: Finding[] = [];
  for (const tier of used) {
    const named = Object.hasOwn(limits.tiers, tier);
    const rates = limits.tiers[tier] ?? limits.default;
    const setting = named ? `limits.tiers.${tier}` : 'limits.default';
    if (isEmpty(rates))
      findings.push(warn('limits.tier', { subject: tier, seen: `the tier '${tier}' has no limit`, todo: `set ${setting}.per_minute` }));
    else findings.push(...contradictions(setting, rates), ok('limits.tier', `the tier '${tier}' may start ${inWords(rates)}`, tier));
  }
  if (used.size === 0) {
    if (isEmpty(limits.default))
      findings.push(warn('limits.tier', { seen: 'callers have no limit', todo: 'set limits.default.per_minute' }));
    else
      findings.push(...contradictions('limits.default', limits.default), ok('limits.tier', `callers may start ${inWords(limits.default)}`));
  }
  for (const [index, rule] of limits.routes.entries()) {
    const setting = `limits.routes[${index}]`;
    if (isEmpty(rule))
      findings.push(
        warn('limits.route', {
          subject: rule.match,
          seen: `the rule for ${rule.match} limits nothing`,
          todo: `set ${setting}.per_second or per_minute`,
        }),
      );
    findings.push(...contradictions(setting, rule));
  }
  return [...findings, ...ranks(limits)];
}

const SECONDS = { per_second: 1, per_minute: 60, per_hour: 3_600 } as const;

/** A limit that another one makes impossible to reach, or that lets a whole longer window through in a shorter one. */
function contradictions(setting: string, rates: Rates): Finding[] {
  const given = (Object.keys(SECONDS) as (keyof typeof SECONDS)[]).flatMap((window) => {
    const limit = rates[window];
    return limit === undefined ? [] : [{ window, limit, seconds: SECONDS[window] }];
  });
  return given.flatMap((short, index) =>
    given.slice(index + 1).flatMap((long) => {
      if (short.limit > long.limit)
        return [
          warn('limits.order', {
            subject: setting,
            seen: `${setting}.${short.window} (${short.limit}) is more than ${long.window} (${long.limit}): it is never reached`,
            todo: `lower ${setting}.${short.window}, or raise ${long.window}`,
          }),
        ];
      if ((short.limit * long.seconds) / short.seconds < long.limit)
        return [
          warn('limits.order', {
            subject: setting,
            seen: `${setting}.${long.window} (${long.limit}) cannot be reached at ${short.limit} ${short.window.replace('_', ' ')}`,
            todo: `lower ${setting}.${long.window}, or raise ${short.window}`,
          }),
        ];
      return [];
    }),
  );
}

/** The tiers that everyone knows, which should not stand on their head. */
function ranks({ tiers, default: standard }: Config['limits']): Finding[] {
  return (['developer', 'admin'] as const).flatMap((tier) => {
    const rates = tiers[tier];
    if (rates === undefined) return [];
    const lower = (Object.keys(SECONDS) as (keyof typeof SECONDS)[]).filter(
      (window) => (rates[window] ?? Infinity) < (standard[window] ?? 0),
    );
    return lower.map((window) =>
      warn('limits.order', {
        subject: tier,
        seen: `the tier '${tier}' may start less ${window.replace('_', ' ')} than everybody else`,
        todo: `raise limits.tiers.${tier}.${window}`,
      }),
    );
  });
}

function isEmpty(rates: Rates): boolean {
  return rates.per_second === undefined && rates.per_minute === undefined && rates.per_hour === undefined;
}

function inWords(rates: Rates): string {
  const words = [
    rates.per_second === undefined ? [] : [`${rates.per_second} a second`],
    rates.per_minute === undefined ? [] : [`${rates.per_minute} a minute`],
    rates.per_hour === undefined ? [] : [`${rates.per_hour} an hour`],
  ].flat();
  return words.join(', ');
}

/** What several processes do not share. */
function sharing(config: Config): Finding[] {
  if (config.server.workers === 1) return [skipped('sharing', 'there is one process: nothing to share')];
  const apart = unshared(config);
  if (apart.length === 0) return [ok('sharing', `${config.server.workers} workers share limits, cache and breaker news`)];
  return apart.map(({ what, effect, setting }) =>
    warn('sharing', { subject: what, seen: `${what}: ${effect}`, todo: `set ${setting} to a Redis (redis://HOST:6379), or REDIS_URL` }),
  );
}

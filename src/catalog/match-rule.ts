/*
 * Which names an entry of a price list is for. A rule is one text, whose first character says what the rest is: `=` the name, `^` its beginning,
 * `$` its end, `*` a part of it, `/` a regular expression; several in an array must all hold. Case matters in none but the last.
 *
 * The lists come with the package that they were made from, never from a caller: so may the regular expressions.
 */

export type MatchRule = string | readonly MatchRule[];

/** `name` in lower case. */
export function matchesRule(rule: MatchRule, name: string): boolean {
  if (typeof rule !== 'string') return rule.every((part) => matchesRule(part, name));
  const text = rule.slice(1);
  switch (rule[0]) {
    case '=':
      return name === text;
    case '^':
      return name.startsWith(text);
    case '$':
      return name.endsWith(text);
    case '*':
      return name.includes(text);
    case '/':
      return expression(text).test(name);
    default:
      throw new Error(`'${rule}' is no rule for names`);
  }
}

const expressions = new Map<string, RegExp>();

function expression(source: string): RegExp {
  const known = expressions.get(source);
  if (known !== undefined) return known;
  const made = new RegExp(source);
  expressions.set(source, made);
  return made;
}

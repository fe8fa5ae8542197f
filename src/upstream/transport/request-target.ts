const BAD = /[^\x21-\x7e]|#/;
const BAD_ALL = /[^\x21-\x7e]+/g;

/**
 * A request's target as it can be sent: what is not visible ASCII percent-encoded, without a fragment, and else as it was. A URL parser
 * would drop tabs and the space at the end, and could so make dot segments of what had none when it was checked.
 */
export function sendableTarget(target: string): string {
  if (!BAD.test(target)) return target;
  const fragmentAt = target.indexOf('#');
  const kept = fragmentAt === -1 ? target : target.slice(0, fragmentAt);
  return kept.toWellFormed().replace(BAD_ALL, encodeURIComponent);
}

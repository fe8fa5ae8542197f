import { isRecord } from './dialect-errors.ts';

/** The texts under one name in the members of a list, as most vendors tell of their models: `{"data":[{"id":"…"}]}`. */
export function namesIn(body: unknown, list: string, name: string): readonly string[] {
  const items: unknown = isRecord(body) ? body[list] : undefined;
  if (!Array.isArray(items)) return [];
  return items.flatMap((item: unknown) => {
    const named: unknown = isRecord(item) ? item[name] : undefined;
    return typeof named === 'string' && named !== '' ? [named] : [];
  });
}

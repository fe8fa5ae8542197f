import type { Unread } from './dialect-unread.ts';

/** Where a block stands, for errors (`messages[0].content[1]`) and for what is left unread (`messages[].content[]`). */
export interface At {
  readonly param: string;
  readonly path: string;
  readonly unread: Unread;
}

export function below(at: At, name: string, index?: number): At {
  const step = at.param === '' ? name : `.${name}`;
  const list = at.path === '' ? name : `.${name}`;
  return {
    ...at,
    param: at.param + step + (index === undefined ? '' : `[${index}]`),
    path: at.path + list + (index === undefined ? '' : '[]'),
  };
}

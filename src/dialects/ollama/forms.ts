import type { JsonKind } from '../../base/json-scan.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import { ofOperation } from '../dialect-operations.ts';

/** What one of Ollama's routes takes and gives, as far as the gateway looks at it. */
export interface Form {
  /** Below `/api`. */
  readonly path: string;
  /** The member of a whole reply that carries the answer. */
  readonly answer: { readonly name: string; readonly kind: JsonKind };
  /** Answers come with `done`, which says that they are whole; of one in several parts it is the last. */
  readonly tellsDone: boolean;
}

const FORMS = {
  chat: { path: '/chat', answer: { name: 'message', kind: 'object' }, tellsDone: true },
  generate: { path: '/generate', answer: { name: 'response', kind: 'string' }, tellsDone: true },
  embed: { path: '/embed', answer: { name: 'embeddings', kind: 'array' }, tellsDone: false },
  embeddings: { path: '/embeddings', answer: { name: 'embedding', kind: 'array' }, tellsDone: false },
} as const satisfies Record<string, Form>;

export type FormName = keyof typeof FORMS;

const BY_KIND: Readonly<Partial<Record<OperationKind, FormName>>> = { chat: 'chat', completion: 'generate', embed: 'embed' };

/** The form that a route names, or the usual one of the operation. */
export function formName(kind: OperationKind, named: string | undefined): FormName {
  return named !== undefined && Object.hasOwn(FORMS, named) ? (named as FormName) : ofOperation(BY_KIND, kind);
}

export function formOf({ kind, form }: Pick<Operation, 'kind' | 'form'>): Form {
  return FORMS[formName(kind, form)];
}

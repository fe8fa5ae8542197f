/* The thread that SQLite runs on: writing ten megabytes takes it a tenth of a second, in which the gateway answers others. */

import { SqliteDocuments } from './sqlite-documents.ts';
import type { DocumentCall, DocumentReply } from './sqlite-store.ts';

declare const self: {
  addEventListener(name: 'message', listener: (event: { data: DocumentCall }) => void): void;
  postMessage(message: DocumentReply, transfer: ArrayBuffer[]): void;
};

let documents: SqliteDocuments | undefined;

self.addEventListener('message', ({ data: call }) => {
  try {
    self.postMessage({ number: call.number, ok: true, value: answer(call) }, []);
  } catch (error) {
    self.postMessage({ number: call.number, ok: false, message: error instanceof Error ? error.message : String(error) }, []);
  }
});

function answer(call: DocumentCall): unknown {
  if (call.method === 'close') {
    documents?.close();
    documents = undefined;
    return undefined;
  }
  // Opened when it is first needed, and anew after it could not be: a disk may come back.
  documents ??= new SqliteDocuments(call.path);
  const method = documents[call.method] as (...given: unknown[]) => unknown;
  return method.call(documents, ...call.given);
}

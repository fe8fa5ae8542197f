import { callerParts } from './parts/callers.ts';
import { chatParts } from './parts/chat.ts';
import { olderParts } from './parts/older.ts';
import { operationParts, startPart } from './parts/operation.ts';
import { resilienceParts } from './parts/resilience.ts';
import { serviceParts } from './parts/services.ts';
import type { Part } from './step.ts';

/** In the order of the walk. Every part stands alone: `--only` may leave out any other. */
export const PARTS: readonly Part[] = [
  startPart,
  ...chatParts,
  ...callerParts,
  ...resilienceParts,
  ...serviceParts,
  ...olderParts,
  ...operationParts,
];

/* The routes of documents: handed in, put into collections, searched. */

import type { Config } from '../config/config.ts';
import { FILES_DIALECT } from '../dialects/registry.ts';
import type { Route } from '../edge/route-table.ts';
import { DocumentIntake } from './document-intake.ts';
import { KeptFiles } from './kept-files.ts';
import type { Runtime } from './runtime.ts';
import { createUploadRoutes } from './upload-routes.ts';
import { createVectorStoreRoutes } from './vector-store-routes.ts';

export interface KnowledgeRoutes {
  readonly routes: readonly Route[];
  /** For the routes of files, which providers keep, too. */
  readonly kept: KeptFiles | undefined;
}

export function createKnowledgeRoutes(config: Config, runtime: Runtime): KnowledgeRoutes {
  const { documents, clock, log: logger, knowledge } = runtime;
  const intake = new DocumentIntake(config.uploads, { documents, clock, logger });
  const { enabled } = config.context.knowledge;
  const isKeeping = enabled && config.uploads.enabled && config.files.keep !== 'never';
  return {
    routes: [
      ...createUploadRoutes({ documents, intake, desk: enabled ? knowledge : undefined }),
      ...createVectorStoreRoutes({ enabled, dialect: FILES_DIALECT.name }, knowledge),
    ],
    kept: isKeeping ? new KeptFiles({ bytesMax: config.uploads.bytes_max }, { documents, intake, desk: knowledge }) : undefined,
  };
}

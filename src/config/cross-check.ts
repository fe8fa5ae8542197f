/*
 * Mistakes that only the whole configuration shows: each section is sound, and together they are not.
 */

import { createRouter, RoutingConfigError } from '../routing/router.ts';
import type { Config } from './config.ts';
import type { Complaint } from './issues.ts';

export function crossCheck(config: Config): Complaint[] {
  try {
    createRouter(config);
    return [];
  } catch (error) {
    if (!(error instanceof RoutingConfigError)) throw error;
    return [{ path: error.path, message: error.message, aboutName: false }];
  }
}

/*
 * What `npm ci` in a clone runs at its end, where scripts are allowed: makes the bundle, so that the first start is as fast as the others. That
 * it cannot is no reason for an install to fail.
 */
import { bundleNow } from './bundle.mjs';
import { findBun } from './runtime.mjs';

try {
  await bundleNow(await findBun());
} catch {
  // The sources are run.
}

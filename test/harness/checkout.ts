import { expect } from 'bun:test';
import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Copies what git would: the tracked files and those that are new, but nothing ignored. */
export async function copyCheckout(root: string, target: string): Promise<void> {
  const listed = Bun.spawnSync(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root });
  expect(listed.exitCode).toBe(0);
  const paths = listed.stdout.toString().split('\0');
  for (const path of paths) {
    // A tracked file may just have been deleted.
    if (path === '' || !(await Bun.file(join(root, path)).exists())) continue;
    await mkdir(join(target, dirname(path)), { recursive: true });
    await cp(join(root, path), join(target, path));
  }
}

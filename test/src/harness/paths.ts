import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root: the nearest folder upwards that holds nx.json. */
export const PROJECT_ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));
export const CLI = join(PROJECT_ROOT, 'apps/cli/bin/repoformer.mjs');
export const DAEMON = join(PROJECT_ROOT, 'apps/daemon/bin/repoformerd.mjs');

/** The catalogue's default model, when the tests are to run on it; the embedded model otherwise. */
export const REAL_MODEL = process.env['REPOFORMER_TEST_MODEL'] ? 'default' : undefined;
export const MODEL = REAL_MODEL ?? 'repoformer-nano';

function findRoot(from: string): string {
  return existsSync(join(from, 'nx.json')) ? from : findRoot(dirname(from));
}

import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory `models/` that comes with the program: the catalogue, the embedded model, the adapters. */
export function bundledModelsDirectory(): string {
  // Node may load a workspace by its link in node_modules; the folder lies beside where it really is.
  const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
  return join(here, '..', '..', '..', 'models');
}

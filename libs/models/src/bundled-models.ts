import { fileURLToPath } from 'node:url';

/** The directory `models/` that comes with the program: the catalogue, the embedded model, the adapters. */
export function bundledModelsDirectory(): string {
  return fileURLToPath(new URL('../../../models/', import.meta.url));
}

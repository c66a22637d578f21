import type { Ecosystem } from '../manifest.js';
import { cratesPackages } from './crates.js';
import type { EcosystemRow } from './ecosystem.js';
import { goModules } from './go-modules.js';
import { mavenArtefacts } from './maven.js';
import { npmPackages } from './npm.js';
import { pypiPackages } from './pypi.js';

/** One row for each registry. */
export const ECOSYSTEM_TABLE: Readonly<Record<Ecosystem, EcosystemRow>> = {
  npm: npmPackages,
  pypi: pypiPackages,
  crates: cratesPackages,
  go: goModules,
  maven: mavenArtefacts,
};

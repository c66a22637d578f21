import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readZip } from '../archive/read-zip.js';
import type { EcosystemRow } from './ecosystem.js';
import { fetchFailed, runClient } from './run-client.js';

/** One version, so that the same command does the same everywhere. */
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1';

/** The `sources` jar that is published beside an artefact; nothing of it is built or run. */
export const mavenArtefacts: EcosystemRow = {
  async fetch(entry, options) {
    const coordinates = `${entry.packageName}:${entry.version}:jar:sources`;
    const copy = [`${PLUGIN}:copy`, `-Dartifact=${coordinates}`, '-DoutputDirectory=.'];
    await runClient('mvn', ['--quiet', '--batch-mode', ...copy], entry, options);
    const jar = (await readdir(options.directory)).find((name) => name.endsWith('.jar'));
    if (jar === undefined) throw fetchFailed(entry, 'Maven brought no jar of sources');
    return join(options.directory, jar);
  },
  checksum: (archive) => createHash('sha256').update(archive).digest('hex'),
  read: (archive, limits) => readZip(archive, limits),
};

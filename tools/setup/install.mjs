import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { addBackends } from './backend-packages.mjs';
import { heading, ROOT, runNpm, SetupError } from './project.mjs';

const LOCK = join(ROOT, 'package-lock.json');
/** What npm writes last, and so the sign of an install that ran to its end. */
const NPM_LOCK = join(ROOT, 'node_modules/.package-lock.json');
const STAMP = join(ROOT, 'node_modules/.repoformer-install.json');
const OLDEST_NODE = [20, 19];

export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw new SetupError(
      `this is Node ${process.versions.node}; Repoformer needs ${OLDEST_NODE.join('.')} or later (20, 22 or 24)`,
    );
  }
}

/**
 * Installs the packages of the lock file, unless they are there for this lock, system and Node. Whether an
 * install is needed is judged by a stamp that is written once one is complete.
 *
 * @returns {Promise<boolean>} whether it installed
 */
export async function ensureInstalled() {
  checkNode();
  const wanted = {
    lock: createHash('sha256').update(readFileSync(LOCK)).digest('hex'),
    system: `${process.platform}-${process.arch}`,
    node: process.versions.node.split('.')[0],
  };
  const stamp = readStamp();
  if (stamp === undefined ? isNpmInstallCurrent() : matches(stamp, wanted) && existsSync(NPM_LOCK)) {
    if (stamp === undefined) writeStamp({ ...wanted, backends: [] });
    return false;
  }
  heading(
    existsSync(NPM_LOCK)
      ? 'Installing packages again: the lock file, the system or Node changed (npm ci)'
      : 'Installing packages, about 450 MB on disk (npm ci)',
  );
  const { code } = await runNpm(['ci', '--no-audit', '--no-fund', '--loglevel', 'error']);
  if (code !== 0) {
    throw new SetupError(
      'npm ci failed; what it said is above. It needs the network, or a package mirror set up for npm.',
    );
  }
  const backends = stamp?.backends ?? [];
  await addBackends(backends);
  writeStamp({ ...wanted, backends });
  return true;
}

/** Remembers engine packages that were added by hand, so that the next install keeps them. */
export function rememberBackends(names) {
  const stamp = readStamp() ?? {};
  writeStamp({ ...stamp, backends: [...new Set([...(stamp.backends ?? []), ...names])].sort() });
}

function matches(stamp, wanted) {
  return Object.entries(wanted).every(([key, value]) => stamp[key] === value);
}

/** Somebody ran `npm ci` or `npm install` by hand after the lock file was written. */
function isNpmInstallCurrent() {
  return existsSync(NPM_LOCK) && statSync(NPM_LOCK).mtimeMs >= statSync(LOCK).mtimeMs;
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8'));
  } catch {
    return undefined;
  }
}

function writeStamp(stamp) {
  writeFileSync(STAMP, JSON.stringify(stamp));
}

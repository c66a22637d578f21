import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { heading, ROOT, runNpm, SetupError } from './project.mjs';

const SCOPE = join(ROOT, 'node_modules/@node-llama-cpp');

/** The package that runs models on the CPU (on Apple silicon: with Metal), by system. */
const BASIC = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'linux-arm': 'linux-armv7l',
  'linux-riscv64': 'linux-riscv64',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
  'win32-x64': 'win-x64',
  'win32-arm64': 'win-arm64',
};

/** Packages by the word a person uses. Those of CUDA come in two, since one would be too large. */
const BY_WORD = {
  cpu: BASIC,
  metal: { 'darwin-arm64': 'mac-arm64-metal' },
  vulkan: { 'linux-x64': 'linux-x64-vulkan', 'win32-x64': 'win-x64-vulkan' },
  cuda: { 'linux-x64': 'linux-x64-cuda linux-x64-cuda-ext', 'win32-x64': 'win-x64-cuda win-x64-cuda-ext' },
};

/** About how much a package takes on disk, in MB, where that was measured. */
const SIZES_MB = {
  'linux-x64': 30,
  'linux-arm64': 20,
  'linux-armv7l': 13,
  'linux-x64-vulkan': 71,
  'linux-x64-cuda': 181,
  'linux-x64-cuda-ext': 358,
};

export const BACKEND_WORDS = Object.keys(BY_WORD);

const system = () => `${process.platform}-${process.arch}`;

/** The names of all packages that the engine has. */
export function knownPackages() {
  const { optionalDependencies = {} } = engineManifest();
  return Object.keys(optionalDependencies).map((name) => name.replace('@node-llama-cpp/', ''));
}

/**
 * The packages that a word of the command line stands for.
 *
 * @param {string} word `cpu`, `metal`, `vulkan`, `cuda`, or the name of a package
 */
export function packagesFor(word) {
  const name = word.replace(/^@node-llama-cpp\//, '');
  if (knownPackages().includes(name)) return [name];
  const bySystem = Object.hasOwn(BY_WORD, word) ? BY_WORD[word] : undefined;
  if (bySystem === undefined) {
    throw new SetupError(
      `"${word}" is neither one of ${BACKEND_WORDS.join(', ')} nor a package of the engine (${knownPackages().join(', ')})`,
      2,
    );
  }
  const names = bySystem[system()];
  if (names === undefined) throw new SetupError(`there is no ${word} package for ${system()}`, 2);
  return names.split(' ');
}

/** The package this system cannot do without, when only its stand-in is installed. */
export function missingBasicPackage() {
  const name = BASIC[system()];
  return name !== undefined && !isReal(name) ? name : undefined;
}

/** Whether the package itself is there, not its stand-in (see docs/adr/0001-small-install.md). */
export function isReal(name) {
  const manifest = join(SCOPE, name, 'package.json');
  if (!existsSync(manifest)) return false;
  const found = JSON.parse(readFileSync(manifest, 'utf8'));
  return found.name === `@node-llama-cpp/${name}` && found.version === engineManifest().version;
}

/**
 * Fetches engine packages through npm, at the engine's own version, and puts them in place of their stand-ins.
 * Npm checks what it downloads. Packages that are there already are left alone.
 */
export async function addBackends(names) {
  const missing = names.filter((name) => !isReal(name));
  if (missing.length === 0) return;
  const { version } = engineManifest();
  const known = missing.every((name) => SIZES_MB[name] !== undefined);
  const total = missing.reduce((sum, name) => sum + (SIZES_MB[name] ?? 0), 0);
  heading(`Installing ${missing.join(' and ')} for the engine${known ? `, about ${total} MB on disk` : ''}`);
  // Outside the project: its overrides would bring the stand-ins again.
  const folder = mkdtempSync(join(tmpdir(), 'repoformer-backend-'));
  try {
    const { code } = await runNpm(
      [
        ...['install', '--prefix', folder, '--no-save', '--no-package-lock', '--ignore-scripts', '--force'],
        ...['--no-audit', '--no-fund', '--loglevel', 'error'],
        ...missing.map((name) => `@node-llama-cpp/${name}@${version}`),
      ],
      { cwd: folder },
    );
    if (code !== 0) throw new SetupError(`npm could not fetch version ${version} of ${missing.join(', ')}`);
    for (const name of missing) place(join(folder, 'node_modules/@node-llama-cpp', name), join(SCOPE, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Copies beside its place first, so that an interruption leaves either the stand-in or the package. */
function place(from, to) {
  if (!existsSync(from)) throw new SetupError(`npm brought no ${from}`);
  const draft = `${to}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(SCOPE, { recursive: true });
  cpSync(from, draft, { recursive: true });
  // The stand-in is a link into vendor/: it is the link that goes.
  if (lstatSync(to, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(to);
  else rmSync(to, { recursive: true, force: true });
  renameSync(draft, to);
}

function engineManifest() {
  const path = join(ROOT, 'node_modules/node-llama-cpp/package.json');
  if (!existsSync(path)) throw new SetupError('the packages are not installed yet: run npm ci first');
  return JSON.parse(readFileSync(path, 'utf8'));
}

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rename, rm, symlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { AppError, invalidArgument, throwIfAborted } from '@repoformer/domain';
import type { ModelEntry } from './catalog-entry.js';
import { syncDirectory } from './durable-file.js';
import { fileError } from './file-error.js';
import { readGgufHeader, type GgufHeader } from './gguf/gguf-header.js';
import type { ModelCatalog } from './model-catalog.js';
import { DEFAULT_MODEL } from './parse-catalog.js';
import type { VerificationCache } from './verification-cache.js';

export interface ImportOptions {
  /** Name to know it by; default: its entry in the catalogue, else made from the file's name. */
  readonly name?: string;
  /** SHA-256 it must have. */
  readonly sha256?: string;
  /**
   * `copy` (default) makes it independent of where it came from; `link` leaves the file there and points to it,
   * so that nothing is stored twice.
   */
  readonly method?: 'copy' | 'link';
  /** FIM family; default: found from the file when it is loaded. */
  readonly family?: string;
  /** SPDX identifier; default: what the file says, else `unknown`. */
  readonly licence?: string;
  readonly signal?: AbortSignal;
  readonly onBytes?: (doneBytes: number, totalBytes: number) => void;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const BLOCK_BYTES = 1024 * 1024;
/** Context for a file that does not say what it was trained on, and the most that an import asks for. */
const CONTEXT_TOKENS = 4096;

/** See `ModelStore.importFile`. */
export async function importModel(
  path: string,
  catalog: ModelCatalog,
  cache: VerificationCache,
  options: ImportOptions,
): Promise<ModelEntry> {
  checkOptions(options);
  const source = await realpath(resolve(path)).catch((cause: unknown) => {
    throw fileError(`model file ${path}`, cause);
  });
  const header = await readGgufHeader(source);
  if (header.type !== undefined && header.type !== 'model') {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'MODEL_INVALID',
      message: `${path} is a GGUF ${header.type.slice(0, 40)}, not a model: use it with the model it was made for`,
    });
  }
  const draft = join(catalog.modelsDirectory, `.import-${randomBytes(6).toString('hex')}.tmp`);
  try {
    await mkdir(catalog.modelsDirectory, { recursive: true, mode: 0o700 });
    const sha256 = await place(source, draft, cache, header.sizeBytes, options);
    checkExpected(path, sha256, options.sha256);
    const known = catalog.list().find((entry) => entry.sha256 === sha256);
    const isKnown = known !== undefined && (options.name ?? known.name) === known.name;
    const entry = isKnown ? known : createEntry(source, sha256, header, catalog, options);
    const final = join(catalog.modelsDirectory, entry.file);
    // A file that already lies in its place must not become a link to itself.
    if (source !== (await realpath(final).catch(() => undefined))) await rename(draft, final);
    await syncDirectory(catalog.modelsDirectory);
    await cache.remember(final, sha256);
    if (!isKnown) await catalog.addImported(entry);
    return entry;
  } catch (cause) {
    throw fileError(`models directory ${catalog.modelsDirectory}`, cause);
  } finally {
    await rm(draft, { force: true });
  }
}

/** @throws AppError invalid_argument for what cannot be a model's name. */
export function checkName(name: string): void {
  if (NAME.test(name) && name !== DEFAULT_MODEL && !name.endsWith('.gguf')) return;
  throw invalidArgument(
    'name',
    `must be lower case letters, digits, ".", "_" and "-", other than "${DEFAULT_MODEL}"`,
  );
}

function checkOptions({ name, sha256 }: ImportOptions): void {
  if (name !== undefined) checkName(name);
  if (sha256 !== undefined && !SHA256.test(sha256)) {
    throw invalidArgument('sha256', 'must be 64 lower-case hexadecimal digits');
  }
}

/** Puts the file, or a link to it, at `draft`, and computes its SHA-256. */
async function place(
  source: string,
  draft: string,
  cache: VerificationCache,
  totalBytes: number,
  options: ImportOptions,
): Promise<string> {
  const onBytes = (doneBytes: number) => options.onBytes?.(doneBytes, totalBytes);
  if (options.method !== 'link') return copyAndHash(source, draft, options.signal, onBytes);
  await symlink(source, draft);
  return cache.digest(source, { onBytes, ...(options.signal && { signal: options.signal }) });
}

/** Hashes what it copies: the SHA-256 is that of the copy, even of a file that changes meanwhile. */
async function copyAndHash(
  source: string,
  draft: string,
  signal: AbortSignal | undefined,
  onBytes: (doneBytes: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  const from = await open(source, 'r');
  try {
    const to = await open(draft, 'wx', 0o644);
    try {
      const block = Buffer.allocUnsafe(BLOCK_BYTES);
      for (let done = 0; ;) {
        throwIfAborted(signal);
        const { bytesRead } = await from.read(block, 0, block.length, done);
        if (bytesRead === 0) break;
        hash.update(block.subarray(0, bytesRead));
        await to.writeFile(block.subarray(0, bytesRead));
        done += bytesRead;
        onBytes(done);
      }
      await to.sync();
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
  return hash.digest('hex');
}

function checkExpected(path: string, sha256: string, expected: string | undefined): void {
  if (expected === undefined || sha256 === expected) return;
  throw new AppError({
    kind: 'data_loss',
    reason: 'MODEL_CHECKSUM_MISMATCH',
    message: `${path} has the SHA-256 ${sha256}, not the one given`,
  });
}

/** @throws AppError already_exists/INVALID_REQUEST where name or file belong to another model. */
function createEntry(
  source: string,
  sha256: string,
  header: GgufHeader,
  catalog: ModelCatalog,
  options: ImportOptions,
): ModelEntry {
  const name = options.name ?? nameOf(source);
  const file = `${name}.gguf`;
  const taken = catalog.list().find((entry) => entry.name === name || entry.file.toLowerCase() === file);
  if (taken !== undefined) {
    throw new AppError({
      kind: 'already_exists',
      reason: 'INVALID_REQUEST',
      message:
        `this is not the file that the catalogue knows as ${taken.name} (its SHA-256 is ${sha256}): ` +
        'import it under another name',
      meta: { model: taken.name },
    });
  }
  return {
    name,
    title: (header.name ?? name).slice(0, 200) || name,
    description: `Imported from ${basename(source).slice(0, 300)}.`,
    licence: (options.licence ?? header.licence ?? '').slice(0, 100) || 'unknown',
    architecture: (header.architecture ?? '').slice(0, 100) || 'unknown',
    file,
    sizeBytes: header.sizeBytes,
    sha256,
    sources: [],
    adapters: [],
    contextTokens: Math.max(128, Math.min(header.contextTokens ?? CONTEXT_TOKENS, CONTEXT_TOKENS)),
    roles: ['generator'],
    ...(options.family !== undefined && { family: options.family }),
  };
}

function nameOf(source: string): string {
  const name = basename(source)
    .toLowerCase()
    .replace(/\.gguf$/, '')
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 100);
  return NAME.test(name) && name !== DEFAULT_MODEL ? name : 'imported';
}

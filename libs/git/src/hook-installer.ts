import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readFile, rename, stat, unlink, writeFile, chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@repoformer/domain';
import {
  addBlock,
  CHAINED_SUFFIX,
  checkSpoolDirectory,
  createChainedHook,
  createHook,
  findBlock,
  HOOK_NAMES,
  isChainedHook,
  isShellScript,
  removeBlock,
  type HookName,
} from './hook-script.js';
import { locateHooks, type HookManager, type HooksLocation } from './hooks-directory.js';
import { errorCode, isAbsent } from './regular-file.js';

export interface InstallHooksOptions {
  /** Absolute path of the folder that the daemon reads notices from. */
  readonly spoolDirectory: string;
  /** Allow changing files of the working tree, which others get with the next commit. Default false. */
  readonly tracked?: boolean;
}

/** `chained`: ours runs, then the one that was there before. `disabled`: ours is there, not executable. */
export type HookState = 'absent' | 'installed' | 'chained' | 'disabled';

export interface HookStatus {
  readonly hook: HookName;
  readonly path: string;
  readonly state: HookState;
  /** Where it drops its notices; undefined when absent. */
  readonly spoolDirectory: string | undefined;
}

export interface HooksReport {
  readonly root: string;
  readonly hooksDirectory: string;
  readonly manager: HookManager;
  readonly hooks: readonly HookStatus[];
  /** Sentences for people; empty when all is well. */
  readonly notes: readonly string[];
}

const MAX_HOOK_BYTES = 16 << 20;

/**
 * Puts our lines into a repository's hooks and takes them out again, byte for byte. Calling `install` twice
 * changes nothing the second time; with another spool folder it replaces our lines only.
 */
export class HookInstaller {
  /**
   * In a folder of the working tree (husky, a relative core.hooksPath) nothing is written without
   * `tracked`, and never in one outside that the repository's own configuration names; the report then says so.
   * @throws AppError HOOKS_FAILED when the hooks cannot be written: what this call wrote is taken back.
   */
  async install(root: string, options: InstallHooksOptions): Promise<HooksReport> {
    checkSpoolDirectory(options.spoolDirectory);
    const location = await locateHooks(root);
    if (location.manager === 'foreign' || (needsConsent(location) && options.tracked !== true))
      return this.report(location);
    const added: HookName[] = [];
    try {
      await mkdir(location.writeDirectory, { recursive: true });
      for (const hook of HOOK_NAMES) {
        if ((await this.installOne(location, hook, options.spoolDirectory)) === 'added') added.push(hook);
      }
    } catch (error) {
      for (const hook of added) await this.uninstallOne(location, hook).catch(() => undefined);
      throw hooksFailed(location, error);
    }
    // The folder that was missing may be there now.
    return this.report(await locateHooks(root));
  }

  /** @throws AppError HOOKS_FAILED when the hooks cannot be written. */
  async uninstall(root: string): Promise<HooksReport> {
    const location = await locateHooks(root);
    try {
      // What an earlier version may have written is taken out of a foreign folder, too.
      for (const hook of HOOK_NAMES) await this.uninstallOne(location, hook);
    } catch (error) {
      throw hooksFailed(location, error);
    }
    return this.report(location);
  }

  /** What is in place now; changes nothing. */
  async status(root: string): Promise<HooksReport> {
    return this.report(await locateHooks(root));
  }

  private async installOne(
    location: HooksLocation,
    hook: HookName,
    spoolDirectory: string,
  ): Promise<'added' | 'kept'> {
    const path = join(location.writeDirectory, hook);
    const existing = await readHook(path);
    if (!existing) {
      await writeAtomically(path, createHook(hook, spoolDirectory), 0o755);
      return 'added';
    }
    const ours = findBlock(existing.content);
    if (ours) {
      const kept = isChainedHook(existing.content)
        ? createChainedHook(hook, spoolDirectory)
        : ours.wholeFile
          ? createHook(hook, spoolDirectory)
          : addBlock(hook, spoolDirectory, removeBlock(existing.content) ?? '');
      if (kept !== existing.content) await writeAtomically(path, kept, existing.mode);
      return 'kept';
    }
    // Husky's files are read by a shell, whatever their mode.
    const runs = location.manager === 'husky' || (existing.mode & 0o111) !== 0;
    if (runs && !existing.link && isShellScript(existing.content)) {
      await writeAtomically(path, addBlock(hook, spoolDirectory, existing.content), existing.mode);
      return 'added';
    }
    await this.chain(path, hook, spoolDirectory);
    return 'added';
  }

  /** The wrapper is complete under another name before the hook moves aside. */
  private async chain(path: string, hook: HookName, spoolDirectory: string): Promise<void> {
    const chained = `${path}${CHAINED_SUFFIX}`;
    if (await lstat(chained).catch(absentAsUndefined)) {
      throw new AppError({
        kind: 'failed_precondition',
        reason: 'HOOKS_FAILED',
        message: `${chained} is there already: move it or ${path} away, then install again`,
      });
    }
    await rename(path, chained);
    try {
      await writeAtomically(path, createChainedHook(hook, spoolDirectory), 0o755);
    } catch (error) {
      await rename(chained, path);
      throw error;
    }
  }

  private async uninstallOne(location: HooksLocation, hook: HookName): Promise<void> {
    const path = join(location.writeDirectory, hook);
    const existing = await readHook(path);
    if (!existing || !findBlock(existing.content)) return;
    const chained = `${path}${CHAINED_SUFFIX}`;
    if (isChainedHook(existing.content)) {
      if (await lstat(chained).catch(absentAsUndefined)) await rename(chained, path);
      else await unlink(path);
      return;
    }
    const rest = removeBlock(existing.content);
    if (rest === undefined) await unlink(path);
    else await writeAtomically(path, rest, existing.mode);
  }

  private async report(location: HooksLocation): Promise<HooksReport> {
    const hooks: HookStatus[] = [];
    for (const hook of HOOK_NAMES) {
      const path = join(location.writeDirectory, hook);
      let existing: ExistingHook | undefined;
      try {
        existing = await readHook(path);
      } catch (error) {
        throw hooksFailed(location, error);
      }
      const ours = existing && findBlock(existing.content);
      let state: HookState = 'absent';
      if (existing && ours) {
        if (location.manager !== 'husky' && (existing.mode & 0o111) === 0) state = 'disabled';
        else state = isChainedHook(existing.content) ? 'chained' : 'installed';
      }
      hooks.push({ hook, path, state, spoolDirectory: ours?.spoolDirectory });
    }
    const { root, hooksDirectory, manager } = location;
    const notes = [...location.notes];
    if (needsConsent(location) && hooks.some((status) => status.state === 'absent')) {
      notes.push(
        `the hooks of this repository are files of its working tree (${location.writeDirectory}): they are changed ` +
          'only when you allow tracked files (--tracked); commits are found by watching the reflog meanwhile',
      );
    }
    return { root, hooksDirectory, manager, hooks, notes };
  }
}

function needsConsent(location: HooksLocation): boolean {
  return location.manager === 'husky' || location.manager === 'working_tree';
}

interface ExistingHook {
  /** Latin-1, so that any bytes survive unchanged. */
  readonly content: string;
  readonly mode: number;
  readonly link: boolean;
}

async function readHook(path: string): Promise<ExistingHook | undefined> {
  const own = await lstat(path).catch(absentAsUndefined);
  if (!own) return undefined;
  const link = own.isSymbolicLink();
  const target = link ? await stat(path).catch(absentAsUndefined) : own;
  // A link to nowhere is moved aside like any other hook that is no script.
  if (!target) return { content: '#!', mode: 0, link };
  if (!target.isFile() || target.size > MAX_HOOK_BYTES) {
    throw Object.assign(new Error('the hook is no ordinary file'), { code: 'EINVAL', path });
  }
  return { content: await readFile(path, 'latin1'), mode: target.mode & 0o777, link };
}

/** A shell may be running the file at this moment: it goes on reading the old one. */
async function writeAtomically(path: string, content: string, mode: number): Promise<void> {
  const aside = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(aside, content, { encoding: 'latin1', flag: 'wx', mode });
    await chmod(aside, mode);
    await rename(aside, path);
  } catch (error) {
    await unlink(aside).catch(() => undefined);
    throw error;
  }
}

function absentAsUndefined(error: unknown): undefined {
  if (isAbsent(error) && errorCode(error) !== 'ENOTDIR') return undefined;
  throw error;
}

function hooksFailed(location: HooksLocation, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = errorCode(error);
  const denied = ['EACCES', 'EPERM', 'EROFS'].includes(code);
  const advice = denied
    ? 'give this user write permission to that folder'
    : 'check that it is a folder with ordinary files, on a disk with room';
  return new AppError({
    kind: denied ? 'permission_denied' : 'failed_precondition',
    reason: 'HOOKS_FAILED',
    message: `the hooks in ${location.writeDirectory} could not be read or written (${code || 'unknown error'}): ${advice}, then try again; commits are found by watching the reflog meanwhile`,
    meta: { directory: location.writeDirectory },
    cause: error,
  });
}

export { GitRepositoryOpener } from './git-repository-opener.js';
export { GitRepositoryReader } from './git-repository-reader.js';
export {
  HookInstaller,
  type HooksReport,
  type HookState,
  type HookStatus,
  type InstallHooksOptions,
} from './hook-installer.js';
export { HOOK_NAMES, type HookName } from './hook-script.js';
export type { HookManager } from './hooks-directory.js';
export { HookSpool, type HookNotice, type HookSpoolOptions } from './hook-spool.js';
export { watchHead, type WatchHeadOptions } from './head-watcher.js';

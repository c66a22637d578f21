import { AppError } from '@repoformer/domain';
import { fail, ok, warn } from './check.js';
import type { CheckResult } from './check.js';

/** Whether the hooks of a repository tell this data directory's daemon of commits. */
export async function checkHooks(root: string, spoolDirectory: string): Promise<CheckResult> {
  const name = 'hooks';
  try {
    const { HookInstaller } = await import('@repoformer/git');
    const { hooks } = await new HookInstaller().status(root);
    const install = 'repoformer hooks install';
    const missing = hooks.filter(({ state }) => state === 'absent').map(({ hook }) => hook);
    const disabled = hooks.filter(({ state }) => state === 'disabled').map(({ path }) => path);
    const elsewhere = hooks.find(({ spoolDirectory: at }) => at !== undefined && at !== spoolDirectory);
    if (disabled.length > 0)
      return warn(name, `not executable: ${disabled.join(', ')}`, `chmod +x, or ${install}`);
    if (missing.length > 0) {
      const which = missing.length === hooks.length ? 'none installed' : `missing: ${missing.join(', ')}`;
      return warn(name, `${which}; commits are found by watching, a little later`, install);
    }
    if (elsewhere !== undefined) {
      return warn(name, `they report to ${elsewhere.spoolDirectory ?? ''}, another data directory`, install);
    }
    return ok(name, hooks.map(({ hook }) => hook).join(', '));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return fail(name, error.message, 'check the permissions of the hooks folder');
  }
}

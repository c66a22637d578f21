import { join } from 'node:path';
import { MAX_CONFIG_BYTES, parseGitBoolean, parseGitConfig } from './git-config.js';
import { readTextFile } from './regular-file.js';

/**
 * Whether a file that a sparse checkout leaves out counts where it is there all the same: somebody has written it. So it
 * is in git from 2.36 on, unless told otherwise; a file that is left out with no sparse checkout counts as unchanged.
 */
export function countsFilesLeftOut(gitDirectory: string, commonDirectory: string): boolean {
  const shared = readConfig(join(commonDirectory, 'config'));
  const isOwnHeeded = parseGitBoolean(shared.get('extensions.worktreeconfig')) === true;
  const own = isOwnHeeded ? readConfig(join(gitDirectory, 'config.worktree')) : undefined;
  const isSet = (key: string): boolean => parseGitBoolean(own?.get(key) ?? shared.get(key)) === true;
  return isSet('core.sparsecheckout') && !isSet('sparse.expectfilesoutsideofpatterns');
}

function readConfig(path: string): Map<string, string> {
  return parseGitConfig(readTextFile(path, MAX_CONFIG_BYTES) ?? '');
}

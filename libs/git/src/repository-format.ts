import { AppError } from '@repoformer/domain';

/** Extensions that change nothing for a reader of commits, trees and blobs. */
const HARMLESS = new Set(['noop', 'partialclone', 'worktreeconfig', 'preciousobjects', 'relativeworktrees']);

/**
 * Refuses a repository whose storage this reader would misread.
 * @param config values of the repository's own configuration file.
 * @throws AppError failed_precondition/REPOSITORY_FORMAT_UNSUPPORTED.
 */
export function checkRepositoryFormat(root: string, config: ReadonlyMap<string, string>): void {
  const version = Number(config.get('core.repositoryformatversion') ?? '0');
  if (version !== 0 && version !== 1) {
    throw unsupported(root, `repository format version ${version}`, 'only versions 0 and 1 can be read');
  }
  for (const [key, value] of config) {
    const name = /^extensions\.(.+)$/.exec(key)?.[1]?.toLowerCase();
    if (name === undefined) continue;
    if (name === 'objectformat') {
      if (value.toLowerCase() === 'sha1') continue;
      throw unsupported(
        root,
        `object format ${value}`,
        'only SHA-1 repositories can be read; use a clone made with "git init --object-format=sha1"',
      );
    }
    if (name === 'refstorage') {
      if (value.toLowerCase() === 'files') continue;
      throw unsupported(
        root,
        `reference storage ${value}`,
        'convert it with "git refs migrate --ref-format=files"',
      );
    }
    // Git ignores the other extensions in version 0.
    if (HARMLESS.has(name) || version === 0) continue;
    throw unsupported(
      root,
      `the extension "${name}"`,
      'it is not known to this version; look for a newer one',
    );
  }
}

function unsupported(root: string, what: string, advice: string): AppError {
  return new AppError({
    kind: 'failed_precondition',
    reason: 'REPOSITORY_FORMAT_UNSUPPORTED',
    message: `${root} uses ${what}: ${advice}`,
    meta: { root },
  });
}

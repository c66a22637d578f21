import type { RepositoryOpener } from '@repoformer/domain';
import { discoverRepository } from './discover-repository.js';
import { GitRepositoryReader } from './git-repository-reader.js';
import { checkRepositoryFormat } from './repository-format.js';

/** Opens repositories in place; never runs git, never writes. */
export class GitRepositoryOpener implements RepositoryOpener {
  async open(path: string): Promise<GitRepositoryReader> {
    const layout = discoverRepository(path);
    checkRepositoryFormat(layout.root, layout.config);
    return new GitRepositoryReader(layout);
  }
}

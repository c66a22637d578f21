import { cpSync, existsSync, readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { GitRepository, PROJECT_ROOT } from '@repoformer/e2e/harness';

const SOURCE = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.py', '.c', '.h', '.cc', '.proto']);

/**
 * A repository made of the source files of installed packages, in folders that look like a project's own.
 *
 * @param files at least this many
 */
export function createSampleRepository(files: number): GitRepository {
  const repository = GitRepository.create('sample');
  const modules = join(PROJECT_ROOT, 'node_modules');
  let copied = 0;
  for (const name of packageNames(modules)) {
    if (copied >= files) break;
    cpSync(join(modules, name), join(repository.root, 'packages', name.replace('/', '-')), {
      recursive: true,
      dereference: false,
      filter: (source) => {
        if (statSync(source, { throwIfNoEntry: false })?.isDirectory())
          return !source.endsWith('/node_modules');
        const isSource = SOURCE.has(extname(source)) && !source.endsWith('.min.js');
        if (isSource) copied++;
        return isSource;
      },
    });
  }
  repository.commit({ 'README.md': 'Source files of installed packages, to measure with.\n' });
  return repository;
}

function packageNames(modules: string): string[] {
  const entries = readdirSync(modules).filter((name) => !name.startsWith('.') && name !== '@repoformer');
  return entries
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(modules, name)).map((each) => `${name}/${each}`) : [name],
    )
    .filter(
      (name) => existsSync(join(modules, name, 'package.json')) && !name.startsWith('@node-llama-cpp/'),
    );
}

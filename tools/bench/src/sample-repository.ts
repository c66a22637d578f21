import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, extname, join, relative, sep } from 'node:path';
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
    for (const file of sourceFiles(join(modules, name))) {
      const target = join(repository.root, 'packages', name.replace('/', '-'), ownPath(file));
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(join(modules, name, file), target);
      copied++;
    }
  }
  repository.commit({ 'README.md': 'Source files of installed packages, to measure with.\n' });
  return repository;
}

/** Source files of a package, without what it has installed itself; links are not followed. */
function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && SOURCE.has(extname(entry.name)) && !entry.name.endsWith('.min.js'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((file) => !file.split(sep).includes('node_modules'));
}

/** Published packages keep their code in folders that a project's own index leaves out. */
function ownPath(file: string): string {
  return file
    .split(sep)
    .map((part) =>
      /^(dist|build|vendor|vendored|third_party|lib|esm|cjs|out)$/.test(part) ? `src-${part}` : part,
    )
    .join('/');
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

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { complaint, runCommand } from '@repoformer/dataset';
import { AppError } from '@repoformer/domain';

export interface InstallOptions {
  /** An empty folder. */
  readonly directory: string;
  /** What the manifest asks for, as the client takes it. */
  readonly install: readonly string[];
  /** What a former installation came to: exactly these versions again. */
  readonly lock?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** How dependencies of tests are installed in a folder of their own, and how tests are run with them. */
export interface TestClient {
  readonly name: 'pip' | 'npm';
  /** What an installation depends on besides its requirements: the version of what runs it. */
  runtime(options: Pick<InstallOptions, 'env' | 'timeoutMs' | 'signal'>): Promise<string>;
  /** @returns all versions that were installed, as a lock for the next time */
  install(options: InstallOptions): Promise<string>;
  command(directory: string, command: readonly string[]): string[];
  /** Variables for the tests. */
  variables(directory: string): Record<string, string>;
}

const REQUIREMENTS = 'requirements.txt';
const venv = (directory: string) => join(directory, 'venv');

/** A virtual environment; wheels only, which run nothing while they are installed. */
const pip: TestClient = {
  name: 'pip',
  runtime: async (options) => (await run('python3', ['--version'], { ...options, directory: '/' })).trim(),
  async install({ lock, install, ...options }) {
    const { directory } = options;
    await run('python3', ['-m', 'venv', venv(directory)], options);
    await writeFile(join(directory, REQUIREMENTS), lock ?? `${install.join('\n')}\n`);
    const python = join(venv(directory), 'bin', 'python');
    const quietly = ['--quiet', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off'];
    const what = ['--only-binary', ':all:', ...(lock === undefined ? [] : ['--no-deps']), '-r', REQUIREMENTS];
    await run(python, ['-m', 'pip', 'install', ...quietly, ...what], options);
    return run(python, ['-m', 'pip', 'freeze', '--disable-pip-version-check'], options);
  },
  command: (_, command) => [...command],
  variables: (directory) => ({
    PATH: [join(venv(directory), 'bin'), process.env['PATH'] ?? ''].join(delimiter),
    VIRTUAL_ENV: venv(directory),
  }),
};

const NPM_FILES = ['package.json', 'package-lock.json'] as const;

/** Links the packages into the copy under test, one by one, so that tools can write beside them. */
const LINK_PACKAGES =
  'mkdir -p node_modules && for each in "$0"/* "$0"/.bin; do ln -s "$each" node_modules/ || exit 126; done; exec "$@"';

/** A `node_modules` folder; no package's scripts are run. */
const npm: TestClient = {
  name: 'npm',
  runtime: () => Promise.resolve(`node ${process.versions.node}`),
  async install({ lock, install, ...options }) {
    const { directory } = options;
    const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const env = { ...options.env, npm_config_update_notifier: 'false', npm_config_workspaces: 'false' };
    if (lock === undefined) {
      await writeFile(join(directory, NPM_FILES[0]), '{"private":true}\n');
      // Where the registry is, is a matter of this machine.
      const what = ['--save-exact', '--omit-lockfile-registry-resolved', '--', ...install];
      await run('npm', ['install', ...quietly, ...what], { ...options, env });
    } else {
      const files = JSON.parse(lock) as Record<string, unknown>;
      for (const name of NPM_FILES) await writeFile(join(directory, name), JSON.stringify(files[name]));
      await run('npm', ['ci', ...quietly], { ...options, env });
    }
    await mkdir(join(directory, 'node_modules', '.bin'), { recursive: true });
    const files: Record<string, unknown> = {};
    for (const name of NPM_FILES) files[name] = JSON.parse(await readFile(join(directory, name), 'utf8'));
    return `${JSON.stringify(files, null, 1)}\n`;
  },
  command: (directory, command) => ['sh', '-c', LINK_PACKAGES, join(directory, 'node_modules'), ...command],
  variables: () => ({}),
};

/** The client for a repository's languages; undefined where dependencies cannot be installed. */
export function testClientOf(languages: readonly string[]): TestClient | undefined {
  if (languages.includes('python')) return pip;
  return languages.some((language) => /^(java|type)script$/.test(language)) ? npm : undefined;
}

async function run(
  file: string,
  args: readonly string[],
  { directory, env, timeoutMs, signal }: Pick<InstallOptions, 'directory' | 'env' | 'timeoutMs' | 'signal'>,
): Promise<string> {
  // Python would import modules that lie where it runs.
  const variables = { ...env, PYTHONSAFEPATH: '1' };
  const result = await runCommand(file, args, { cwd: directory, env: variables, timeoutMs, signal });
  if (result.code === 0) return result.stdout.toString('utf8');
  const isMissing = result.code === undefined;
  throw new AppError({
    kind: isMissing ? 'failed_precondition' : 'unavailable',
    reason: 'CONFIG_INVALID',
    message: isMissing
      ? `${file} is not on this machine; install it, or leave these packages out with --only`
      : `${file} ${args.slice(0, 3).join(' ')}: ${complaint(result.stderr)}`,
  });
}

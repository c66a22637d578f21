/** What resolving needs to know of the machine; the caller reads it. */
export interface Machine {
  /** As Node names it: 'linux', 'darwin', 'win32', ... */
  readonly platform: string;
  /** Absolute. */
  readonly homeDir: string;
  /** Absolute. */
  readonly tempDir: string;
  /** Absolute; what relative paths of flags and variables are relative to. */
  readonly cwd: string;
  /** Numeric user id; undefined where the system has none (Windows). */
  readonly uid?: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function isAbsolutePath(machine: Machine, path: string): boolean {
  return machine.platform === 'win32' ? /^([A-Za-z]:[\\/]|\\\\)/.test(path) : path.startsWith('/');
}

/** Joins and normalises: one separator, no `.` or `..`, nothing at the end. `base` is absolute. */
export function joinPath(machine: Machine, base: string, ...parts: string[]): string {
  const windows = machine.platform === 'win32';
  const separator = windows ? '\\' : '/';
  const root = windows ? (/^([A-Za-z]:|\\\\[^\\/]+[\\/]+[^\\/]+)/.exec(base)?.[0] ?? '') : '';
  const segments: string[] = [];
  for (const segment of [base.slice(root.length), ...parts].flatMap((part) =>
    part.split(windows ? /[\\/]+/ : /\/+/),
  )) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `${root}${separator}${segments.join(separator)}`;
}

/** The absolute form of a path: `~/` is the home directory, a relative one is taken from `base`. */
export function absolutePath(machine: Machine, path: string, base: string): string {
  if (path === '~') return joinPath(machine, machine.homeDir);
  if (/^~[\\/]/.test(path)) return joinPath(machine, machine.homeDir, path.slice(2));
  return isAbsolutePath(machine, path) ? joinPath(machine, path) : joinPath(machine, base, path);
}

/** The directory that a path lies in. */
export function parentPath(machine: Machine, path: string): string {
  return joinPath(machine, path, '..');
}

/** The XDG specification has relative values ignored. */
function xdg(machine: Machine, env: Environment, variable: string): string | undefined {
  const value = env[variable];
  return value !== undefined && isAbsolutePath(machine, value) ? value : undefined;
}

/** Where data goes when `data-dir` is not set. */
export function defaultDataDir(machine: Machine, env: Environment): string {
  const chosen = xdg(machine, env, 'XDG_DATA_HOME');
  if (chosen !== undefined) return joinPath(machine, chosen, 'repoformer');
  switch (machine.platform) {
    case 'darwin':
      return joinPath(machine, machine.homeDir, 'Library', 'Application Support', 'repoformer');
    case 'win32':
      return joinPath(
        machine,
        xdg(machine, env, 'LOCALAPPDATA') ?? joinPath(machine, machine.homeDir, 'AppData', 'Local'),
        'repoformer',
      );
    default:
      return joinPath(machine, machine.homeDir, '.local', 'share', 'repoformer');
  }
}

/** The user's own file; macOS keeps it in `~/.config` too, where command-line tools have theirs. */
export function userFilePath(machine: Machine, env: Environment): string {
  const fallback =
    machine.platform === 'win32'
      ? (xdg(machine, env, 'APPDATA') ?? joinPath(machine, machine.homeDir, 'AppData', 'Roaming'))
      : joinPath(machine, machine.homeDir, '.config');
  return joinPath(machine, xdg(machine, env, 'XDG_CONFIG_HOME') ?? fallback, 'repoformer', 'config.json');
}

/** Name of a repository's own file, in its root. */
export const REPOSITORY_FILE = '.repoformer.json';

import type { SkipReason } from '@repoformer/domain';

type PathSkip = Extract<SkipReason, 'secret' | 'vendored' | 'generated'>;

export interface PathRule {
  readonly reason: PathSkip;
  /** Whole names of directories; anything below one is left out. */
  readonly directories?: readonly string[];
  /** Whole names of files, lower case. */
  readonly names?: readonly string[];
  /** How file names end, lower case. */
  readonly endings?: readonly string[];
  /** Tested on the file's name in lower case; linear time, no nested repetition. */
  readonly patterns?: readonly RegExp[];
  /** Names that look like the above and are not. */
  readonly except?: RegExp;
}

/**
 * Which paths are left out for their names alone, first match wins. Directories of dependencies follow
 * linguist's list of vendored paths, as far as it names directories and not single projects.
 */
export const PATH_RULES: readonly PathRule[] = [
  {
    reason: 'secret',
    names: ['.npmrc', '.netrc', '_netrc', '.pypirc', '.pgpass', '.my.cnf', '.htpasswd', '.git-credentials'],
    endings: [
      '.pem',
      '.key',
      '.p12',
      '.pfx',
      '.jks',
      '.keystore',
      '.kdbx',
      '.ppk',
      '.asc',
      '.ovpn',
      '.tfvars',
    ],
    patterns: [
      /^\.env($|[._-])/,
      /\.env$/,
      /^id_(rsa|dsa|ecdsa|ed25519)($|[._-])/,
      /^(aws_|gcp_|google_|application_default_)?credentials($|\.(json|ya?ml|ini|toml|cfg|conf|txt|csv|xml|properties)$)/,
      /^client_secrets?([._-][\w.-]*)?\.json$/,
      /^service[_-]?account[\w.-]*\.json$/,
      /^secrets?\.(json|ya?ml|toml|ini|env|properties|txt)$/,
    ],
    except: /(\.(example|sample|template|dist|defaults?|pub|enc|sops\.\w+)|[._-]example\.\w+)$/,
  },
  {
    reason: 'vendored',
    directories: [
      'node_modules',
      'bower_components',
      'jspm_packages',
      'vendor',
      'vendors',
      'third_party',
      'third-party',
      'thirdparty',
      '3rdparty',
      'godeps',
      'carthage',
      'pods',
      'site-packages',
      '.venv',
      'venv',
      'virtualenv',
      '.yarn',
      '.next',
      '.nuxt',
      'dist',
      '__pycache__',
      '.terraform',
    ],
    names: ['gradlew', 'gradlew.bat', 'mvnw', 'mvnw.cmd', '.pnp.cjs', '.pnp.loader.mjs'],
    patterns: [/^(jquery|bootstrap|d3|angular|react|vue)([.-]\d[\d.]*)(\.slim)?(\.min)?\.(js|css)$/],
  },
  {
    reason: 'generated',
    directories: ['__snapshots__', '__generated__'],
    names: [
      'package-lock.json',
      'npm-shrinkwrap.json',
      'yarn.lock',
      'pnpm-lock.yaml',
      'bun.lock',
      'bun.lockb',
      'deno.lock',
      'cargo.lock',
      'poetry.lock',
      'uv.lock',
      'pdm.lock',
      'pipfile.lock',
      'composer.lock',
      'gemfile.lock',
      'podfile.lock',
      'package.resolved',
      'packages.lock.json',
      'gradle.lockfile',
      'mix.lock',
      'flake.lock',
      'pubspec.lock',
      'go.sum',
      'go.work.sum',
    ],
    endings: [
      '.min.js',
      '.min.mjs',
      '.min.css',
      '-min.js',
      '.js.map',
      '.css.map',
      '.ts.map',
      '.mjs.map',
      '.pb.go',
      '.pb.gw.go',
      '.pb.cc',
      '.pb.h',
      '_pb2.py',
      '_pb2.pyi',
      '_pb2_grpc.py',
      '_pb.js',
      '_pb.d.ts',
      '_pb.ts',
      '.g.dart',
      '.freezed.dart',
      '.g.cs',
      '.designer.cs',
      '.snap',
    ],
    patterns: [/\.generated\.[a-z]+$/, /^zz_generated[\w.]*\.go$/],
  },
];

const prepared = PATH_RULES.map((rule) => ({
  ...rule,
  directories: new Set(rule.directories),
  names: new Set(rule.names),
}));

/** Why a path's names keep it out; undefined when they do not. Git attributes may overrule all but secrets. */
export function skipByName(path: string): PathSkip | undefined {
  const segments = path.toLowerCase().split('/');
  const name = segments.pop()!;
  for (const rule of prepared) {
    if (segments.some((segment) => rule.directories.has(segment))) return rule.reason;
    const hit =
      rule.names.has(name) ||
      rule.endings?.some((ending) => name.endsWith(ending)) ||
      rule.patterns?.some((pattern) => pattern.test(name));
    if (hit && !rule.except?.test(name)) return rule.reason;
  }
  return undefined;
}

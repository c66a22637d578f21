/** Names that say nothing of a project without the scope before them. */
const GENERIC = new Set([
  ...['core', 'common', 'client', 'server', 'utils', 'util', 'types', 'cli', 'api', 'sdk', 'db', 'ai', 'lib'],
  ...[
    'parser',
    'router',
    'react',
    'node',
    'browser',
    'runtime',
    'schema',
    'crypto',
    'agent',
    'workflow',
    'rag',
  ],
]);

/**
 * The names a project goes by, normalised so that ports and copies in other registries meet: letters and digits
 * only, without the affixes that name a language (`python-`, `py`, `-js`, `-py`, `-rs`, `-go` ...). Of a scoped
 * name also the part behind the scope, unless that is generic; of a Go module the last part, of a
 * Maven artefact the part behind its group.
 *
 * @param name `npm:@scope/name@1.0.0`, `path:name` or a bare name
 */
export function projectNames(name: string): ReadonlySet<string> {
  const bare = name.replace(/^(?:npm|pypi|crates|go|maven|path):/, '').replace(/(?<=.)@v?\d[^/]*$/, '');
  const names = new Set<string>();
  const scoped = /^@([^/]+)\/(.+)$/.exec(bare);
  if (scoped) {
    names.add(normalise(`${scoped[1]}${scoped[2]}`));
    if (!GENERIC.has(scoped[2]!.toLowerCase())) names.add(normalise(scoped[2]!));
  } else if (bare.includes(':')) {
    // A Maven artefact: without its group, unless that alone would say nothing.
    const [group = '', artefact = ''] = bare.split(':');
    names.add(normalise(`${group}${artefact}`));
    if (!GENERIC.has(artefact.toLowerCase())) names.add(normalise(artefact));
  } else if (bare.includes('/')) {
    // A Go module: its last part, before a major version.
    const parts = bare.split('/').filter((part) => !/^v\d+$/.test(part));
    names.add(normalise(bare));
    const last = parts.at(-1)!;
    if (!GENERIC.has(last.toLowerCase())) names.add(normalise(last));
  } else {
    names.add(normalise(bare));
  }
  return names;
}

/** Whether two sets of names share one. */
export function sameProject(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return [...left].some((name) => right.has(name));
}

function normalise(name: string): string {
  const words = name.toLowerCase();
  const stripped = words
    .replace(/^(?:python|node|go|rust|java)[-_.]+/, '')
    .replace(/(?:[-_.]+(?:python|py|js|ts|rs|go|node|java)|\.js)+$/, '')
    .replace(/[^a-z0-9]/g, '');
  const glued = stripped.replace(/^py(?=[a-z0-9]{3})/, '').replace(/(?<=[a-z0-9]{3})(?:js|py)$/, '');
  return glued === '' ? words.replace(/[^a-z0-9]/g, '') : glued;
}

import type { Config, ResolvedConfig } from './config.js';
import { configError } from './config-error.js';
import { defaultDataDir, joinPath, parentPath } from './machine.js';
import type { Environment, Machine } from './machine.js';
import { OPTION_TABLE } from './option-table.js';
import type { OptionName } from './option-table.js';
import { describeOrigin, flagOf, propertyOf, variableOf } from './option.js';
import type { ListenAddress, OptionRow, OptionValue, Origin } from './option.js';
import { parseFile } from './parse-file.js';
import type { ConfigFile } from './parse-file.js';
import type { Flags } from './parse-flags.js';
import { formatAddress, isLoopbackHost, parseValue } from './parse-value.js';
import { socketPathOf } from './socket-path.js';

/** Everything that may set an option, as the caller found it. */
export interface ConfigSources {
  readonly flags?: Flags;
  readonly env?: Environment;
  /** The file at `userFilePath`, if there is one. */
  readonly userFile?: ConfigFile;
  /** The `REPOSITORY_FILE` in the root of the repository at hand, if there is one. Untrusted. */
  readonly repositoryFile?: ConfigFile;
  readonly machine: Machine;
}

interface Candidate {
  readonly raw: unknown;
  readonly origin: Origin;
  readonly base: string;
  readonly typed: boolean;
}

/**
 * All options with their origins. Precedence: default < user file < repository file < environment < flag. Every
 * value that was given is checked, also one that another overrides.
 *
 * @throws AppError invalid_argument/CONFIG_INVALID naming origin, option, value and what is allowed.
 */
export function resolveConfig(sources: ConfigSources): ResolvedConfig {
  const { machine, env = {} } = sources;
  const values = new Map<string, OptionValue>();
  const origins = new Map<string, Origin>();
  for (const [row, candidate] of candidatesOf(sources)) {
    const parsed = parseValue(row, candidate.raw, { machine, base: candidate.base, typed: candidate.typed });
    if ('problem' in parsed) {
      throw configError(describeOrigin(candidate.origin), parsed.problem, row.name);
    }
    values.set(row.name, parsed.value);
    origins.set(row.name, candidate.origin);
  }
  for (const row of OPTION_TABLE as readonly OptionRow[]) {
    if (values.has(row.name)) continue;
    origins.set(row.name, { kind: 'default' });
    if (row.default !== undefined) values.set(row.name, row.default);
  }
  deriveDefaults(values, machine, env);
  const config = Object.fromEntries(
    OPTION_TABLE.map(({ name }) => [propertyOf(name), values.get(name)]),
  ) as unknown as Config;
  checkTogether(config, origins);
  return { config, origins: Object.fromEntries(origins) as Record<OptionName, Origin> };
}

/** Every value given, weakest origin first. */
function* candidatesOf(sources: ConfigSources): Generator<[OptionRow, Candidate]> {
  const { flags = {}, env = {}, machine } = sources;
  for (const kind of ['user', 'repository'] as const) {
    const file = kind === 'user' ? sources.userFile : sources.repositoryFile;
    if (file === undefined) continue;
    const base = parentPath(machine, file.path);
    for (const { row, raw, line } of parseFile(file, kind)) {
      yield [row, { raw, origin: { kind: `${kind}-file`, path: file.path, line }, base, typed: true }];
    }
  }
  for (const row of OPTION_TABLE) {
    const variable = variableOf(row.name);
    const raw = env[variable];
    // An empty variable is how shells and service files say "not set".
    if (raw === undefined || raw === '') continue;
    yield [row, { raw, origin: { kind: 'env', variable }, base: machine.cwd, typed: false }];
  }
  for (const row of OPTION_TABLE) {
    const raw = flags[row.name];
    if (raw === undefined) continue;
    yield [row, { raw, origin: { kind: 'flag', flag: flagOf(row.name) }, base: machine.cwd, typed: false }];
  }
}

function deriveDefaults(values: Map<string, OptionValue>, machine: Machine, env: Environment): void {
  const setDefault = (name: OptionName, value: string): void => {
    if (!values.has(name)) values.set(name, value);
  };
  const standard = defaultDataDir(machine, env);
  setDefault('data-dir', standard);
  setDefault('models-dir', joinPath(machine, standard, 'models'));
  const dataDir = values.get('data-dir') as string;
  setDefault('socket', socketPathOf(dataDir, machine, env));
  setDefault('token-file', joinPath(machine, dataDir, 'token'));
}

/** What no single option can say: values that exclude one another. */
function checkTogether(config: Config, origins: ReadonlyMap<string, Origin>): void {
  const where = (name: OptionName): string => describeOrigin(origins.get(name) ?? { kind: 'default' });
  const { contextTokens, prefixTokens, suffixTokens, retrievedTokens, maxTokens } = config;
  const needed = prefixTokens + suffixTokens + retrievedTokens + maxTokens;
  if (needed > contextTokens) {
    const name = origins.get('context-tokens')?.kind === 'default' ? largest(config) : 'context-tokens';
    throw configError(
      where(name),
      `prefix-tokens, suffix-tokens, retrieved-tokens and max-tokens add up to ${needed}, more than context-tokens (${contextTokens})`,
      name,
    );
  }
  if (config.strideLines > config.windowLines) {
    const name = origins.get('stride-lines')?.kind === 'default' ? 'window-lines' : 'stride-lines';
    throw configError(
      where(name),
      `stride-lines is ${config.strideLines}; it must be at most window-lines (${config.windowLines})`,
      name,
    );
  }
  checkListen(config.listen, config.allowRemote, where('listen'));
}

/** The budget that takes most of the context: the one to name when the context itself was not set. */
function largest(config: Config): OptionName {
  const budgets = ['prefix-tokens', 'suffix-tokens', 'retrieved-tokens', 'max-tokens'] as const;
  const size = (name: (typeof budgets)[number]): number =>
    (config as unknown as Record<string, number>)[propertyOf(name)] ?? 0;
  return budgets.reduce((a, b) => (size(b) > size(a) ? b : a));
}

function checkListen(listen: ListenAddress | undefined, allowRemote: boolean, where: string): void {
  if (listen === undefined || allowRemote || isLoopbackHost(listen.host)) return;
  throw configError(
    where,
    `listen is "${formatAddress(listen)}", which other machines may reach; use 127.0.0.1, or set allow-remote`,
    'listen',
  );
}

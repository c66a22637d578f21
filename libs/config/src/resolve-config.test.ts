import { AppError } from '@repoformer/domain';
import { describe, expect, it } from 'vitest';
import type { ConfigSources } from './resolve-config.js';
import { resolveConfig } from './resolve-config.js';
import type { Machine } from './machine.js';

const machine: Machine = {
  platform: 'linux',
  homeDir: '/home/ada',
  tempDir: '/tmp',
  cwd: '/work/here',
  uid: 1000,
};
const user = (options: object | string) => ({
  path: '/home/ada/.config/repoformer/config.json',
  text: typeof options === 'string' ? options : JSON.stringify(options, null, 2),
});
const repository = (options: object) => ({
  path: '/work/repo/.repoformer.json',
  text: JSON.stringify(options, null, 2),
});
const resolve = (sources: Partial<ConfigSources> = {}) => resolveConfig({ machine, ...sources });

function failure(sources: Partial<ConfigSources>): AppError {
  try {
    resolve(sources);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('defaults', () => {
  it('derive directories and socket from the home directory', () => {
    const { config, origins } = resolve();
    expect(config).toMatchObject({
      dataDir: '/home/ada/.local/share/repoformer',
      modelsDir: '/home/ada/.local/share/repoformer/models',
      socket: '/home/ada/.local/share/repoformer/repoformerd.sock',
      tokenFile: '/home/ada/.local/share/repoformer/token',
      model: 'default',
      contextTokens: 4096,
      adapter: [],
      listen: undefined,
      threshold: undefined,
    });
    expect(new Set(Object.values(origins).map(({ kind }) => kind))).toEqual(new Set(['default']));
  });

  it('follow the XDG variables, unless these are relative', () => {
    expect(resolve({ env: { XDG_DATA_HOME: '/data' } }).config.dataDir).toBe('/data/repoformer');
    expect(resolve({ env: { XDG_DATA_HOME: 'data' } }).config.dataDir).toBe(
      '/home/ada/.local/share/repoformer',
    );
  });

  it('keep models where they are when the data directory moves, and take the socket along', () => {
    const { config } = resolve({ flags: { 'data-dir': '/elsewhere' } });
    expect(config.modelsDir).toBe('/home/ada/.local/share/repoformer/models');
    expect(config.socket).toBe('/elsewhere/repoformerd.sock');
  });

  it.each([
    ['darwin', '/Users/ada', '/Users/ada/Library/Application Support/repoformer'],
    ['win32', 'C:\\Users\\ada', 'C:\\Users\\ada\\AppData\\Local\\repoformer'],
  ])('suit %s', (platform, homeDir, dataDir) => {
    const { config } = resolve({ machine: { ...machine, platform, homeDir } });
    expect(config.dataDir).toBe(dataDir);
  });
});

describe('precedence', () => {
  const layers: [string, Partial<ConfigSources>, number, string][] = [
    ['user file', { userFile: user({ 'max-tokens': 11 }) }, 11, 'user-file'],
    ['repository file', { repositoryFile: repository({ 'max-tokens': 12 }) }, 12, 'repository-file'],
    ['environment', { env: { REPOFORMER_MAX_TOKENS: '13' } }, 13, 'env'],
    ['flag', { flags: { 'max-tokens': '14' } }, 14, 'flag'],
  ];

  it.each(layers.map((layer, i) => [layer[0], i] as const))('%s over what comes before', (_, i) => {
    const sources = Object.assign({}, ...layers.slice(0, i + 1).map((layer) => layer[1]));
    const { config, origins } = resolve(sources);
    expect(config.maxTokens).toBe(layers[i]?.[2]);
    expect(origins['max-tokens'].kind).toBe(layers[i]?.[3]);
  });

  it('checks values that are overridden too', () => {
    expect(
      failure({ env: { REPOFORMER_MAX_TOKENS: 'many' }, flags: { 'max-tokens': '14' } }).message,
    ).toContain('REPOFORMER_MAX_TOKENS');
  });

  it('takes an empty variable for unset', () => {
    expect(resolve({ env: { REPOFORMER_MAX_TOKENS: '' } }).config.maxTokens).toBe(64);
  });
});

describe('paths', () => {
  it('are relative to the working directory, or to the file that names them', () => {
    expect(resolve({ flags: { 'data-dir': '../d' } }).config.dataDir).toBe('/work/d');
    expect(resolve({ env: { REPOFORMER_DATA_DIR: '~/d/' } }).config.dataDir).toBe('/home/ada/d');
    expect(resolve({ userFile: user({ 'data-dir': './d' }) }).config.dataDir).toBe(
      '/home/ada/.config/repoformer/d',
    );
  });

  it('of models are told from names', () => {
    expect(resolve({ flags: { model: 'repoformer-qwen2.5-coder-0.5b' } }).config.model).toBe(
      'repoformer-qwen2.5-coder-0.5b',
    );
    expect(resolve({ flags: { model: 'm.gguf' } }).config.model).toBe('/work/here/m.gguf');
    expect(resolve({ flags: { model: '../m' } }).config.model).toBe('/work/m');
  });

  it('come as lists from variables, repeated flags and arrays', () => {
    expect(resolve({ env: { REPOFORMER_ADAPTER: '/a:/b' } }).config.adapter).toEqual(['/a', '/b']);
    expect(resolve({ flags: { adapter: ['/a', 'b'] } }).config.adapter).toEqual(['/a', '/work/here/b']);
    expect(resolve({ userFile: user({ adapter: ['/a'] }) }).config.adapter).toEqual(['/a']);
  });
});

describe('refusals name origin, option, value and what is allowed', () => {
  it.each<[string, Partial<ConfigSources>, string]>([
    [
      'a number out of range',
      { flags: { 'top-k': '0' } },
      '--top-k: top-k is "0"; it must be an integer from 1 to 100 (chunks)',
    ],
    [
      'a fraction',
      { env: { REPOFORMER_TOP_K: '1.5' } },
      'REPOFORMER_TOP_K: top-k is "1.5"; it must be an integer from 1 to 100 (chunks)',
    ],
    [
      'a word',
      { flags: { policy: 'sometimes' } },
      '--policy: policy is "sometimes"; it must be one of auto, classifier, self, self-greedy, similarity, always, never',
    ],
    [
      'a string for a number in a file',
      { userFile: user({ 'top-k': '5' }) },
      '/home/ada/.config/repoformer/config.json:2: top-k is "5"; it must be an integer from 1 to 100 (chunks)',
    ],
    [
      'null',
      { userFile: user({ family: null }) },
      '/home/ada/.config/repoformer/config.json:2: family is null; it must be a name of letters, digits and . _ - +',
    ],
    [
      'an unknown option',
      { userFile: user({ topk: 5 }) },
      '/home/ada/.config/repoformer/config.json:2:3: unknown option "topk"; did you mean "top-k"?',
    ],
    [
      'bad JSON',
      { userFile: user('{\n  "top-k": 5,\n}') },
      '/home/ada/.config/repoformer/config.json:3:1: not valid JSON: a comma before "}"',
    ],
    [
      'something else than an object',
      { userFile: user('[1]') },
      '/home/ada/.config/repoformer/config.json:1:1: must be a JSON object of options',
    ],
    [
      'a stride beyond the window',
      { flags: { 'stride-lines': '30' } },
      '--stride-lines: stride-lines is 30; it must be at most window-lines (20)',
    ],
    [
      'budgets beyond the context',
      { flags: { 'context-tokens': '1024' } },
      '--context-tokens: prefix-tokens, suffix-tokens, retrieved-tokens and max-tokens add up to 1216, more than context-tokens (1024)',
    ],
    [
      'an address others can reach',
      { flags: { listen: '0.0.0.0:4317' } },
      '--listen: listen is "0.0.0.0:4317", which other machines may reach; use 127.0.0.1, or set allow-remote',
    ],
    [
      'a port that is none',
      { flags: { listen: '127.0.0.1:70000' } },
      '--listen: listen is "127.0.0.1:70000"; it must be host:port, such as 127.0.0.1:4317, with a port from 0 to 65535',
    ],
  ])('%s', (_, sources, message) => {
    const error = failure(sources);
    expect(error.message).toBe(message);
    expect(error).toMatchObject({ kind: 'invalid_argument', reason: 'CONFIG_INVALID' });
  });
});

describe("a repository's file", () => {
  it.each([
    ['data-dir', '/tmp'],
    ['socket', '/tmp/s'],
    ['listen', '127.0.0.1:1'],
    ['model', 'other'],
    ['adapter', ['/a']],
    ['token-file', '/etc/passwd'],
    ['allow-remote', true],
    ['policy-model', 'x'],
    ['models-dir', '/tmp'],
  ])('may not set %s', (name, value) => {
    expect(failure({ repositoryFile: repository({ [name]: value }) }).message).toBe(
      `/work/repo/.repoformer.json:2:3: ${name} may not be set by a repository's file; set it by flag, environment or your own file`,
    );
  });

  it('may set what shapes a completion', () => {
    const { config } = resolve({
      repositoryFile: repository({ 'max-tokens': 32, threshold: 0.5, mode: 'never' }),
    });
    expect(config).toMatchObject({ maxTokens: 32, threshold: 0.5, mode: 'never' });
  });
});

it('listens beyond this machine only when that is allowed', () => {
  const flags = { listen: '[::]:4317', 'allow-remote': true };
  expect(resolve({ flags }).config.listen).toEqual({ host: '::', port: 4317 });
  expect(resolve({ flags: { listen: '127.1.2.3:0' } }).config.listen).toEqual({ host: '127.1.2.3', port: 0 });
});

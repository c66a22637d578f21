import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownModelOptions, ownRunSettings } from './own-run.js';
import { readSettings } from './read-settings.js';

let home: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'repoformer-settings-'));
  env = { XDG_CONFIG_HOME: join(home, 'config'), XDG_DATA_HOME: join(home, 'data') };
});
afterEach(() => rm(home, { recursive: true, force: true }));

const writeConfig = async (options: Record<string, unknown>) => {
  await mkdir(join(home, 'config', 'repoformer'), { recursive: true });
  await writeFile(join(home, 'config', 'repoformer', 'config.json'), JSON.stringify(options));
};

describe('readSettings', () => {
  it('takes the user’s file, the environment and flags, the later the stronger', async () => {
    await writeConfig({ model: 'of-the-file', family: 'qwen2.5-coder', 'prefix-tokens': 300 });
    env['REPOFORMER_PREFIX_TOKENS'] = '400';
    env['REPOFORMER_EAGERNESS'] = 'eager';
    const flags = { eagerness: 'thrifty', model: undefined };
    const { config } = await readSettings(flags, env);
    expect(config).toMatchObject({
      model: 'of-the-file',
      family: 'qwen2.5-coder',
      prefixTokens: 400,
      eagerness: 'thrifty',
      modelsDir: join(home, 'data', 'repoformer', 'models'),
    });
  });

  it('says what is wrong with a setting', async () => {
    await writeConfig({ placement: 'nowhere' });
    await expect(readSettings({}, env)).rejects.toThrow(/placement/);
  });
});

describe('what the model is loaded by', () => {
  it('is what the daemon is set to', async () => {
    const adapter = join(home, 'lora.gguf');
    await writeConfig({
      adapter: [adapter],
      placement: 'comment-prefix',
      'context-tokens': 2048,
      gpu: 'none',
    });
    const settings = await readSettings({ 'prefill-threads': '3' }, env);
    expect(ownModelOptions(settings)).toMatchObject({
      model: 'default',
      adapters: [adapter],
      placement: 'comment-prefix',
      contextTokens: 2048,
      gpu: 'none',
      threads: 3,
    });
  });

  it('leaves to the catalogue what nobody set', async () => {
    const options = ownModelOptions(await readSettings({}, env));
    for (const name of ['adapters', 'family', 'placement', 'contextTokens']) {
      expect(options).not.toHaveProperty(name);
    }
  });
});

describe('what prompts hold', () => {
  const settingsOf = async (options: Record<string, unknown>) => {
    await writeConfig(options);
    return ownRunSettings(await readSettings({}, env));
  };

  it('is the daemon’s budgets, and the chunks that they hold', async () => {
    expect(await settingsOf({})).toMatchObject({
      budgets: { prefixTokens: 512, suffixTokens: 128, contextTokens: 512 },
      maxChunks: 3,
      completions: 'all',
    });
    const chunks = async (options: Record<string, unknown>) => (await settingsOf(options)).maxChunks;
    expect(await chunks({ 'retrieved-tokens': 100 })).toBe(1);
    expect(await chunks({ 'retrieved-tokens': 2000 })).toBe(6);
    expect(await chunks({ 'retrieved-tokens': 2000, 'top-k': 2 })).toBe(2);
  });

  it('is nothing to measure where no context is ever shown', async () => {
    await expect(settingsOf({ 'retrieved-tokens': 0 })).rejects.toThrow(/retrieved-tokens is 0/);
  });
});

import { parseFlags, resolveConfig } from '@repoformer/config';
import { expect, it } from 'vitest';
import { daemonArguments } from './daemon-arguments.js';

const machine = { platform: 'linux', homeDir: '/home/ada', tempDir: '/tmp', cwd: '/here', uid: 1 };

it('hands on what was given here, so that the daemon resolves to the same', () => {
  const given = resolveConfig({
    machine,
    flags: {
      model: './m.gguf',
      adapter: ['a.gguf', '/b.gguf'],
      'allow-remote': true,
      offline: 'false',
      listen: '[::1]:4317',
      threshold: '0.25',
      mode: 'never',
    },
    env: { REPOFORMER_GPU: 'none', REPOFORMER_DATA_DIR: 'data' },
    userFile: { path: '/home/ada/.config/repoformer/config.json', text: '{"top-k": 3}' },
  });
  const args = daemonArguments(given);
  expect(args).toEqual([
    '--data-dir=/here/data',
    '--socket=/here/data/repoformerd.sock',
    '--listen=[::1]:4317',
    '--allow-remote',
    '--model=/here/m.gguf',
    '--adapter=/here/a.gguf',
    '--adapter=/b.gguf',
    '--threshold=0.25',
    '--gpu=none',
    '--no-offline',
  ]);
  // The daemon runs elsewhere, and reads the user's file itself.
  const { flags } = parseFlags(args, 'daemon');
  const taken = resolveConfig({ machine: { ...machine, cwd: '/' }, flags });
  expect(taken.config).toEqual({ ...given.config, topK: 10, mode: 'auto' });
});

it('always names the data directory and the socket', () => {
  expect(daemonArguments(resolveConfig({ machine }))).toEqual([
    '--data-dir=/home/ada/.local/share/repoformer',
    '--socket=/home/ada/.local/share/repoformer/repoformerd.sock',
  ]);
});

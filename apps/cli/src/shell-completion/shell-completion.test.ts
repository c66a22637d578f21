import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import type { Host } from '../host.js';
import { createProgram } from '../program.js';
import { TestBench } from '../testing/test-host.js';
import { readCommandTree } from './command-tree.js';

const bench = new TestBench();
afterAll(() => bench.remove());

const program = createProgram({ stdout: process.stdout, stderr: process.stderr } as unknown as Host);
const tree = readCommandTree(program);

function isInstalled(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'exit 0'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const script = async (shell: string): Promise<string> => {
  const { stdout } = await bench.run(['completion', shell]);
  const path = join(bench.directory, `completion.${shell}`);
  writeFileSync(path, stdout);
  return path;
};

describe('the command tree', () => {
  it('holds every command with the options of all', () => {
    expect(tree.map(({ path }) => path.join(' '))).toEqual(
      expect.arrayContaining(['', 'up', 'repo add', 'model pull']),
    );
    for (const { options } of tree) {
      expect(options.flatMap(({ flags }) => flags)).toEqual(
        expect.arrayContaining(['--json', '--data-dir', '-h']),
      );
    }
  });
});

it('every command shows an example in its help', () => {
  const walk = (command: Command): Command[] => [command, ...command.commands.flatMap(walk)];
  for (const command of walk(program).filter(({ commands }) => commands.length === 0)) {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    expect(help, command.name()).toMatch(/\n {2}(\w+=\S+ )?(source <\()?repoformer /);
  }
});

describe('bash', () => {
  it.each([
    [['ret'], ['retrieve']],
    [['re'], ['repo', 'retrieve', 'report']],
    [
      ['tune', '--eagerness', ''],
      ['eager', 'balanced', 'thrifty'],
    ],
    [
      ['repo', ''],
      ['add', 'remove', 'list', 'status', 'reindex'],
    ],
    [['repo', 'add', '--wa'], ['--wait']],
    [
      ['complete', '--mode', ''],
      ['auto', 'always', 'never'],
    ],
    [['--data-dir', '/x', 'hooks', 'in'], ['install']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['complete', 'a.'], ['a.txt']],
    [['complete', '--stop', 'a.'], ['a.txt']],
  ])('completes %j', async (words, expected) => {
    writeFileSync(join(bench.work, 'a.txt'), '');
    const path = await script('bash');
    const line = ['repoformer', ...words].map((word) => `'${word}'`).join(' ');
    const output = execFileSync(
      'bash',
      [
        '-c',
        `source '${path}'; COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _repoformer; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ],
      { encoding: 'utf8', cwd: bench.work },
    );
    expect(
      output
        .trim()
        .split('\n')
        .filter((word) => words.at(-1) !== '' || !word.startsWith('-')),
    ).toEqual(expected);
  });
});

it.skipIf(!isInstalled('zsh'))('zsh takes the script (skipped where zsh is not installed)', async () => {
  execFileSync('zsh', [
    '-f',
    '-c',
    `autoload -U compinit && compinit -u -D && source '${await script('zsh')}'`,
  ]);
});

it.skipIf(!isInstalled('fish'))('fish takes the script (skipped where fish is not installed)', async () => {
  execFileSync('fish', ['--no-config', '-c', `source '${await script('fish')}'`]);
});

it.each(['zsh', 'fish'])('the script for %s names every command and option', async (shell) => {
  const { stdout } = await bench.run(['completion', shell]);
  for (const { path, options } of tree) {
    for (const word of path) expect(stdout).toContain(word);
    for (const { flags } of options) expect(stdout).toContain(flags.at(-1)?.replace(/^--?/, ''));
  }
});

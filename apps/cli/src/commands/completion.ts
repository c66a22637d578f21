import type { Command } from 'commander';
import { invalidArgument } from '@repoformer/domain';
import type { CliContext } from '../cli-context.js';
import { action, examples } from '../command.js';
import type { Host } from '../host.js';
import { renderBash } from '../shell-completion/bash.js';
import { readCommandTree } from '../shell-completion/command-tree.js';
import { renderFish } from '../shell-completion/fish.js';
import { renderZsh } from '../shell-completion/zsh.js';

const RENDERERS = { bash: renderBash, zsh: renderZsh, fish: renderFish } as const;

export function addCompletionCommand(program: Command, host: Host): void {
  const command = program
    .command('completion')
    .description('Print a script that completes this command line in a shell.')
    .argument('<bash|zsh|fish>', 'the shell')
    .action(action(host, (context, shell) => print(context, shell, program)));
  examples(command, [
    ['source <(repoformer completion bash)', 'in ~/.bashrc'],
    ['source <(repoformer completion zsh)', 'in ~/.zshrc, after compinit'],
    ['repoformer completion fish | source', 'in ~/.config/fish/config.fish'],
  ]);
}

async function print(context: CliContext, shell: string, program: Command): Promise<void> {
  if (!Object.hasOwn(RENDERERS, shell)) {
    throw invalidArgument('shell', `${JSON.stringify(shell)} is none of bash, zsh, fish`);
  }
  await context.output.text(RENDERERS[shell as keyof typeof RENDERERS](readCommandTree(program)));
}

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { packLabels } from '../label/pack-labels.js';

/** `pack`: labels of a run, compressed, to keep and to hand on. */
export function addPackCommand(program: Command): void {
  program
    .command('pack')
    .description('keep the labels of a run compressed; what a folder holds already is not added again')
    .argument('<run>', 'folder of a run: DATASET/labels/RUN')
    .requiredOption(
      '--out <folder>',
      'folder to add them to; a copy of it in DATASET/labels serves as the run',
    )
    .action(async (run: string, { out }: { out: string }) => {
      const { added, total } = await packLabels(resolve(run), resolve(out));
      console.error(`${added} labels added to ${resolve(out)}, ${total} in all`);
    });
}

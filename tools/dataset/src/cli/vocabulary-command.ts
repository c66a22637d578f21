import { resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '@repoformer/domain';
import { selectTokensOf } from '@repoformer/models';
import { readHoles } from '../build/build-holes.js';
import { writeWhole } from '../files/write-whole.js';
import { openLabelModel } from '../label/open-label-model.js';
import { countTokens, coverage, greatestShares } from '../samples/count-tokens.js';
import { wholeNumber } from './number-flags.js';
import { ProgressLine } from './progress-line.js';

interface VocabularyFlags {
  readonly model: string;
  readonly modelsDir?: string;
  readonly size: number;
  readonly out: string;
}

/** `vocabulary`: the tokens of a model that code needs. */
export function addVocabularyCommand(program: Command, signal: AbortSignal): void {
  program
    .command('vocabulary')
    .description(
      'choose the tokens of a model that code needs, to leave the others out with `repoformer model merge --vocabulary`',
    )
    .argument('<dataset>', 'folder that `build` made; its benchmark is not looked at')
    .option('--model <name>', 'name in the catalogue, or GGUF file', 'default')
    .option('--models-dir <folder>', 'where pulled models lie')
    .option('--size <n>', 'tokens to keep, markers among them', wholeNumber, 32_768)
    .requiredOption('--out <file>', 'text file to write, one token a line')
    .action((dataset: string, flags: VocabularyFlags) => writeVocabulary(resolve(dataset), flags, signal));
}

async function writeVocabulary(dataset: string, flags: VocabularyFlags, signal: AbortSignal): Promise<void> {
  const holes = (await readHoles(dataset)).filter(({ split }) => split !== 'benchmark');
  if (holes.length === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `${dataset} has no hole to learn from`,
    });
  }
  const { modelsDir, size } = flags;
  const { model, spec } = await openLabelModel({
    model: flags.model,
    ...(modelsDir !== undefined && { modelsDirectory: modelsDir }),
    signal,
  });
  try {
    const line = new ProgressLine();
    const onFile = (done: number, total: number) => line.show(`${done} of ${total} files`);
    const counts = await countTokens(holes, { model, signal, onFile });
    line.end();
    const kept = await selectTokensOf(spec.path, greatestShares(counts), size);
    await writeWhole(resolve(flags.out), `${[...kept.values()].join('\n')}\n`);
    console.error(`${flags.out}: ${kept.size} of ${model.info.vocabularySize} tokens, and the markers`);
    for (const [language, share] of coverage(counts, (token) => kept.has(token))) {
      console.error(`  ${(100 * share).toFixed(1)} % of the tokens of ${language}`);
    }
  } finally {
    await model.close();
  }
}

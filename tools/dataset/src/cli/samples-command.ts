import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Command } from 'commander';
import { AppError, throwIfAborted } from '@repoformer/domain';
import { readHoles } from '../build/build-holes.js';
import { fileDigest } from '../files/file-digest.js';
import { fileError, PACKED } from '../files/jsonl.js';
import { inputDigests, readLabels } from '../label/label-holes.js';
import { gainInSimilarity } from '../label/label-record.js';
import { openLabelModel } from '../label/open-label-model.js';
import { SPLITS, type HoleRecord, type Split } from '../record.js';
import { trainingSample, type SampleHead } from '../samples/training-sample.js';
import { share, wholeNumber } from './number-flags.js';
import { ProgressLine } from './progress-line.js';
import { addPromptFlags, promptSettings, type PromptFlags } from './prompt-flags.js';

interface SamplesFlags extends PromptFlags {
  readonly model: string;
  readonly modelsDir?: string;
  readonly family?: string;
  readonly labels?: string;
  readonly split: readonly Split[];
  readonly suffixFirst: number;
  readonly shortened: number;
  readonly limit?: number;
  readonly out: string;
}

/** `samples`: holes as tokens, to train a model on. */
export function addSamplesCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command('samples')
    .description('write holes as a model’s tokens, in the form that completions are asked for, to train on')
    .argument('<dataset>', 'folder that `build` made')
    .option('--model <name>', 'name in the catalogue, or the GGUF file to be trained', 'default')
    .option('--models-dir <folder>', 'where pulled models lie')
    .option('--family <name>', 'how prompts are written (default: as the model is served)')
    .option('--labels <run>', 'labels that say whether context helped; without them deciding is not learnt')
    .option('--split <split...>', `only holes of these splits (choices: ${SPLITS.join(', ')})`, ['train'])
    .option('--suffix-first <share>', 'of samples with the suffix in front of the prefix, 0 to 1', share, 0)
    .option(
      '--shortened <share>',
      'of samples with a quarter to a half of the tokens, of which more are learnt in the same time',
      share,
      0,
    )
    .option('--limit <n>', 'only so many holes, the same ones each time', wholeNumber)
    .requiredOption('--out <file>', `JSONL to write, compressed if its name ends in ${PACKED}`)
    .action((dataset: string, flags: SamplesFlags) => writeSamples(resolve(dataset), flags, signal));
  addPromptFlags(command, { maxChunks: 3, remark: '; mostly the best alone is shown' });
}

async function writeSamples(dataset: string, flags: SamplesFlags, signal: AbortSignal): Promise<void> {
  const { modelsDir, family, suffixFirst, shortened, limit } = flags;
  if (flags.split.includes('benchmark')) {
    throw new AppError({
      kind: 'invalid_argument',
      reason: 'INVALID_REQUEST',
      message: 'split: the benchmark judges, and is never trained on',
    });
  }
  const holes = (await readHoles(dataset))
    .filter(({ split }) => flags.split.includes(split))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit);
  const helped = await readDecisions(flags.labels, holes);
  const { model, format, spec } = await openLabelModel({
    model: flags.model,
    ...(modelsDir !== undefined && { modelsDirectory: modelsDir }),
    ...(family !== undefined && { family }),
    signal,
  });
  try {
    const settings = { ...promptSettings(flags), suffixFirst, shortened };
    const line = new ProgressLine();
    const options = { model, format, settings, signal };
    const modelSha256 = await fileDigest(spec.path);
    const lines = async function* () {
      for (const [number, hole] of holes.entries()) {
        throwIfAborted(signal);
        const retrieve = helped.get(hole.id);
        const asked = { ...hole, ...(retrieve !== undefined && { retrieve }) };
        const sample = await trainingSample(asked, hole.context.chunks, options);
        if (number === 0) {
          const head: SampleHead = {
            schema: 1,
            samples: holes.length,
            retrieveToken: format.decisionToken ?? null,
            middleToken: sample.tail[0]!,
            modelSha256,
            family: format.family,
            placement: format.placement,
            settings,
          };
          yield `${JSON.stringify(head)}\n`;
        }
        yield `${JSON.stringify(sample)}\n`;
        line.show(`${number + 1} of ${holes.length} samples`);
      }
    };
    if (holes.length === 0) {
      throw new AppError({
        kind: 'failed_precondition',
        reason: 'CONFIG_INVALID',
        message: `${dataset} has no hole of these splits`,
      });
    }
    await writeLines(resolve(flags.out), lines());
    line.end();
    console.error(`${flags.out}: ${holes.length} samples, ${helped.size} with a decision to learn`);
  } finally {
    await model.close();
  }
}

/** Whether context made the edit similarity better, where it is known of the hole as it is. */
async function readDecisions(
  run: string | undefined,
  holes: readonly HoleRecord[],
): Promise<Map<string, number>> {
  const helped = new Map<string, number>();
  if (run === undefined) return helped;
  const inputs = inputDigests(holes);
  const labels = await readLabels(resolve(run), inputs);
  for (const [id, input] of inputs) {
    const label = labels.get(id);
    const gain = label?.input === input ? gainInSimilarity(label) : undefined;
    if (gain !== undefined) helped.set(id, gain > 0 ? 1 : 0);
  }
  return helped;
}

/** There is the whole file, or none. */
async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const source = Readable.from(lines);
    const file = createWriteStream(partial);
    await (path.endsWith(PACKED) ? pipeline(source, createGzip(), file) : pipeline(source, file));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error instanceof AppError ? error : fileError(path, error);
  }
}

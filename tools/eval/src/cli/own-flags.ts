import { join, resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { defaultCacheDir, ProgressLine } from '@repoformer/dataset';
import { EAGERNESS_NAMES, type Eagerness } from '@repoformer/policy';
import { measureRepository, type Measured } from '../own/measure-repository.js';

/** Flags of the commands that measure a repository of this machine. */
export interface OwnFlags {
  readonly model: string;
  readonly modelsDir?: string;
  readonly policy?: string;
  readonly holes: number;
  readonly eagerness: Eagerness;
  readonly cache: string;
  readonly threads: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function addOwnFlags(command: Command, holes: number): Command {
  return command
    .argument('[path]', 'any path inside a git repository; what is committed counts', '.')
    .option('--model <name>', 'name in the catalogue, or a GGUF file', 'default')
    .option('--models-dir <folder>', 'where pulled models lie')
    .option('--policy <file>', 'fitted policy (default: the one of the model)')
    .option('--holes <n>', 'places to measure at', positive, holes)
    .addOption(
      new Option('--eagerness <name>', 'what a policy pays for time')
        .choices([...EAGERNESS_NAMES])
        .default('balanced'),
    )
    .option('--cache <folder>', 'where measurements are kept', defaultCacheDir())
    .option('--threads <n>', 'threads of the model; 0: chosen from the machine', wholeNumber, 0)
    .option('--json', 'the answer as JSON')
    .option('--quiet', 'no progress on standard error');
}

/** Measures with progress on standard error. Interrupted, it goes on with what there is. */
export async function measureWithProgress(
  path: string,
  flags: OwnFlags,
  signal: AbortSignal,
): Promise<Measured> {
  const line = new ProgressLine();
  const measured = await measureRepository({
    path: resolve(path),
    model: flags.model,
    ...(flags.modelsDir !== undefined && { modelsDirectory: flags.modelsDir }),
    holes: flags.holes,
    cacheDirectory: resolve(flags.cache),
    threads: flags.threads,
    signal,
    onProgress: ({ done, known, total, rate }) => {
      if (flags.quiet) return;
      const left = rate === undefined ? '' : `, ${Math.ceil((total - known - done) / rate / 60)} min left`;
      line.show(`${known + done} of ${total} places measured${left}`);
    },
  });
  line.end();
  return measured;
}

/** Where the report of a measured repository goes, unless told otherwise. */
export function reportFolder({ dataset }: Measured): string {
  return join(dataset, 'report');
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('it must be a whole number of 0 or more.');
}

function positive(text: string): number {
  const value = wholeNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('it must be a whole number of 1 or more.');
}

import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { ResolvedConfig } from '@repoformer/config';
import { atLeast, defaultCacheDir, ProgressLine, timeLeft, wholeNumber } from '@repoformer/dataset';
import { EAGERNESS_NAMES, type Eagerness } from '@repoformer/policy';
import { measureRepository, type Measured } from '../own/measure-repository.js';
import { readSettings } from '../own/read-settings.js';

/** Flags of the commands that measure a repository of this machine. */
export interface OwnFlags {
  readonly model?: string;
  readonly modelsDir?: string;
  readonly policy?: string;
  readonly holes: number;
  readonly eagerness?: Eagerness;
  readonly cache: string;
  readonly threads?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function addOwnFlags(command: Command, holes: number): Command {
  return command
    .argument('[path]', 'any path inside a git repository; what is committed counts', '.')
    .option('--model <name>', 'name in the catalogue, or a GGUF file (default: as the daemon is set)')
    .option('--models-dir <folder>', 'where pulled models lie')
    .option('--policy <file>', 'fitted policy (default: as the daemon is set, else the one of the model)')
    .option('--holes <n>', 'places to measure at', atLeast(1), holes)
    .addOption(
      new Option('--eagerness <name>', 'what a policy pays for time (default: as the daemon is set)').choices(
        [...EAGERNESS_NAMES],
      ),
    )
    .option('--cache <folder>', 'where measurements are kept', defaultCacheDir())
    .option(
      '--threads <n>',
      'threads of the model; 0: chosen from the machine (default: as the daemon is set)',
      wholeNumber,
    )
    .option('--json', 'the answer as JSON')
    .option('--quiet', 'no progress on standard error');
}

/** What was measured, and the daemon's options by which it was. */
export interface OwnMeasured extends Measured {
  readonly settings: ResolvedConfig;
}

/** Measures with progress on standard error. Interrupted, it goes on with what there is. */
export async function measureWithProgress(
  path: string,
  flags: OwnFlags,
  signal: AbortSignal,
  { needsPolicy = false }: { readonly needsPolicy?: boolean } = {},
): Promise<OwnMeasured> {
  const settings = await readSettings({
    model: flags.model,
    'models-dir': flags.modelsDir,
    'policy-file': flags.policy,
    eagerness: flags.eagerness,
    'prefill-threads': flags.threads?.toString(),
  });
  const line = new ProgressLine();
  const measured = await measureRepository({
    path: resolve(path),
    settings,
    holes: flags.holes,
    cacheDirectory: resolve(flags.cache),
    needsPolicy,
    signal,
    onProgress: ({ done, known, total, rate }) => {
      if (flags.quiet) return;
      const at = known + done;
      line.show(`${at} of ${total} places measured${timeLeft(total - at, rate)}`);
    },
  });
  line.end();
  return { ...measured, settings };
}

/** Where the report of a measured repository goes, unless told otherwise. */
export function reportFolder({ dataset }: Measured): string {
  return join(dataset, 'report');
}

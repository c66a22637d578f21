import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root: the nearest folder upwards that holds nx.json. */
export const PROJECT_ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));
export const CLI = join(PROJECT_ROOT, 'apps/cli/bin/repoformer.mjs');
export const DAEMON = join(PROJECT_ROOT, 'apps/daemon/bin/repoformerd.mjs');

export const TRAINER = join(PROJECT_ROOT, 'tools/trainer');
/** A Python that has the trainer's packages: 5 GB, which `npm run test:trainer` installs. */
export const TORCH_PYTHON =
  process.env['REPOFORMER_TORCH_PYTHON'] ??
  join(TRAINER, '.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

/** What is missing on this machine to run the trainer. */
export function whyNoTorch(): string | undefined {
  const isThere =
    spawnSync(TORCH_PYTHON, ['-c', 'import torch, gguf, pytest, ruff, transformers']).status === 0;
  return isThere
    ? undefined
    : `PyTorch: see tools/trainer/README.md, or name a Python in REPOFORMER_TORCH_PYTHON`;
}

/** The catalogue's default model, when the tests are to run on it; otherwise the smallest one that comes along. */
export const REAL_MODEL = process.env['REPOFORMER_TEST_MODEL'] ? 'default' : undefined;
export const MODEL = REAL_MODEL ?? 'repoformer-nano';

function findRoot(from: string): string {
  return existsSync(join(from, 'nx.json')) ? from : findRoot(dirname(from));
}

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { heading, ROOT, run, SetupError } from './project.mjs';

const TRAINER = join(ROOT, 'tools/trainer');
const ENVIRONMENT = join(TRAINER, '.venv');
const REQUIREMENTS = join(TRAINER, 'requirements.txt');
/** Of what is installed there, so that it is made anew when the requirements change. */
const STAMP = join(ENVIRONMENT, 'requirements.sha256');
const PROGRAMS = join(ENVIRONMENT, process.platform === 'win32' ? 'Scripts' : 'bin');

/**
 * A Python that has the trainer's packages: the one that REPOFORMER_TORCH_PYTHON names, or that of tools/trainer/.venv,
 * which is made first where it is missing or of other requirements.
 *
 * @returns {Promise<string>} path of the program
 */
export async function getTrainerPython() {
  const named = process.env['REPOFORMER_TORCH_PYTHON'];
  if (named !== undefined) return named;
  const python = join(PROGRAMS, 'python');
  const requirements = readFileSync(REQUIREMENTS, 'utf8');
  const digest = createHash('sha256').update(requirements).digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === digest) return python;

  heading('Installing PyTorch and what else the trainer needs into tools/trainer/.venv (5 GB)');
  await execute('python3', '-m', 'venv', '--clear', ENVIRONMENT);
  // pip alone takes several times as long.
  const [uv] = /^uv==\S+/m.exec(requirements);
  await execute(python, '-m', 'pip', 'install', '--quiet', uv);
  await execute(join(PROGRAMS, 'uv'), 'pip', 'install', '--quiet', '--python', python, '-r', REQUIREMENTS);
  writeFileSync(STAMP, digest);
  return python;
}

async function execute(file, ...args) {
  const { code } = await run(file, args);
  if (code !== 0) throw new SetupError(`${[file, ...args].join(' ')} ended with exit code ${code}`);
}

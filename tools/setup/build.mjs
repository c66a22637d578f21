import { heading, runPackage, SetupError } from './project.mjs';

/**
 * Compiles everything. Plain `tsc -b`: it knows the project's graph by the same references as nx, and finds out
 * that nothing changed in a second, without nx's own start.
 */
export async function build() {
  heading('Building (tsc -b)');
  const { code } = await runPackage('typescript', ['-b'], { program: 'tsc' });
  if (code !== 0) throw new SetupError('the build failed; what the compiler said is above');
}

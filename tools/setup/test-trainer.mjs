/**
 * `npm run test:trainer`: the tests of tools/trainer and the chain that trains a model, with PyTorch, which is installed
 * first where it is missing. `npm test` runs the same tests only where it finds it.
 */
import { join } from 'node:path';
import { addBackends, missingBasicPackage } from './backend-packages.mjs';
import { build } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { heading, main, ROOT, runNode, SetupError } from './project.mjs';
import { conclude, runTests } from './run-tests.mjs';
import { getTrainerPython } from './trainer-python.mjs';

await main(async () => {
  await ensureInstalled();
  const python = await getTrainerPython();
  const basic = missingBasicPackage();
  if (basic !== undefined) await addBackends([basic]);
  await build();
  heading(`Tests of the trainer with ${python}`);
  const counts = await runTests({
    projects: ['@repoformer/e2e'],
    files: ['src/trainer.test.ts'],
    env: { REPOFORMER_TORCH_PYTHON: python },
  });
  const { code } = await runNode(join(ROOT, 'tools/setup/chain.mjs'), ['--torch', python]);
  if (code !== 0) throw new SetupError('the chain is broken; what it said is above', code);
  console.log();
  return conclude(counts);
});

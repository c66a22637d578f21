/**
 * `npm run test:model`: the tests that need the real default model, which it downloads first when it is not
 * here (491 MB). `npm test` runs the same ones on the small model that comes along, as far as that can do them.
 */
import { addBackends, missingBasicPackage } from './backend-packages.mjs';
import { build } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { heading, main, runCli, SetupError } from './project.mjs';
import { conclude, runTests } from './run-tests.mjs';

await main(async () => {
  await ensureInstalled();
  const basic = missingBasicPackage();
  if (basic !== undefined) await addBackends([basic]);
  await build();
  heading('Getting the default model, 491 MB unless it is here');
  const pulled = await runCli(['model', 'pull']);
  if (pulled.code !== 0) throw new SetupError('without the model there is nothing to test', pulled.code);
  const shown = await runCli(['model', 'show', 'default', '--json'], { capture: true });
  const { path } = JSON.parse(shown.stdout);
  heading(`Tests on the model ${path}`);
  const counts = await runTests({
    projects: ['@repoformer/engine', '@repoformer/e2e'],
    env: { REPOFORMER_TEST_MODEL: path },
  });
  console.log();
  return conclude(counts);
});

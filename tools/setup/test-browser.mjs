/**
 * `npm run test:browser`: opens the evaluation's report in a real browser and photographs it. Where no browser is
 * installed, it fetches one first. `npm test` runs the same tests only where it finds one.
 */
import { getBrowser } from './browser.mjs';
import { build } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { heading, main } from './project.mjs';
import { conclude, runTests } from './run-tests.mjs';

await main(async () => {
  await ensureInstalled();
  const { path, env } = await getBrowser();
  await build();
  heading(`Tests in the browser ${path}`);
  const counts = await runTests({
    projects: ['@repoformer/eval'],
    files: ['src/report/browser.test.ts'],
    env: { ...env, CHROME_PATH: path, REPOFORMER_NEEDS_BROWSER: '1' },
  });
  console.log();
  return conclude(counts);
});

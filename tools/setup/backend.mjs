/**
 * `npm run backend -- cuda|vulkan|metal|cpu|<package>`: adds the engine's package for a GPU or another system.
 * Why they are not installed from the start: docs/adr/0001-small-install.md.
 */
import process from 'node:process';
import { addBackends, BACKEND_WORDS, isReal, knownPackages, packagesFor } from './backend-packages.mjs';
import { ensureInstalled, rememberBackends } from './install.mjs';
import { main } from './project.mjs';

await main(async () => {
  const words = process.argv.slice(2);
  if (words.includes('--help') || words.includes('-h')) {
    console.log(`usage: npm run backend -- ${BACKEND_WORDS.join('|')}|PACKAGE...`);
    console.log('Adds packages of the engine; without arguments, lists those that are here.');
    return;
  }
  await ensureInstalled();
  if (words.length === 0) {
    for (const name of knownPackages()) console.log(`${isReal(name) ? 'here    ' : 'not here'}  ${name}`);
    console.log(`\nAdd one with: npm run backend -- ${BACKEND_WORDS.join('|')}|PACKAGE`);
    return;
  }
  const names = words.flatMap(packagesFor);
  await addBackends(names);
  rememberBackends(names);
  console.log(`${names.join(', ')}: here. Run "npx repoformer down"; the next start of the daemon uses it.`);
});

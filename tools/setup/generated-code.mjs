import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { ROOT, runPackage } from './project.mjs';

/** Where buf.gen.yaml puts what it makes. */
const COMMITTED = 'libs/protocol/src/gen';

/** Whether the committed code is what the proto files give now. */
export async function generatedCodeIsFresh() {
  const folder = mkdtempSync(join(tmpdir(), 'repoformer-generated-'));
  try {
    // buf looks its plugin up in PATH.
    const path = [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
    const { code } = await runPackage('@bufbuild/buf', ['generate', '--output', folder], {
      env: { PATH: path },
    });
    if (code !== 0) return false;
    const stale = differences(readTree(join(folder, COMMITTED)), readTree(join(ROOT, COMMITTED)));
    if (stale.length > 0)
      console.log(`run "npm run generate" and commit the result; stale: ${stale.join(', ')}`);
    return stale.length === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function differences(made, committed) {
  const names = new Set([...made.keys(), ...committed.keys()]);
  return [...names].filter((name) => made.get(name) !== committed.get(name)).sort();
}

function readTree(root) {
  const files = new Map();
  for (const name of readdirSync(root, { recursive: true }).map(String)) {
    const path = join(root, name);
    // A clone on Windows may have other line ends.
    if (statSync(path).isFile()) files.set(name, readFileSync(path, 'utf8').replaceAll('\r\n', '\n'));
  }
  return files;
}

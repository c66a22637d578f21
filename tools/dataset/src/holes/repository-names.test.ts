import { openSyntax } from '@repoformer/syntax';
import { expect, it } from 'vitest';
import { repositoryNames } from './repository-names.js';
import { readSourceFile, type SourceFile } from './source-file.js';

const syntax = await openSyntax();

async function fileOf(path: string, text: string): Promise<SourceFile> {
  const file = await readSourceFile(path, text, syntax);
  if (typeof file === 'string') throw new Error(file);
  return file;
}

/** The calls of a file that are of what another file defines, as they are written. */
async function callsOf(
  text: string,
  path: string,
  others: Readonly<Record<string, string>>,
): Promise<string[]> {
  const file = await fileOf(path, text);
  const rest = await Promise.all(Object.entries(others).map(([name, content]) => fileOf(name, content)));
  const names = repositoryNames([file, ...rest]);
  return file.tree
    .calls()
    .filter((call) => names.isDefinedElsewhere(call, file))
    .map(({ start, arguments: { start: end } }) => text.slice(start, end));
}

const PYTHON = {
  'shop/prices.py':
    'def net_price(x):\n    pass\n\ndef join(a):\n    pass\n\nclass Cart:\n    def put_item(self, x):\n        pass\n',
};

it.each<[string, string, string[]]>([
  ['a name imported from here', 'from .prices import net_price\nnet_price(1)\n', ['net_price']],
  [
    'a name imported by its package',
    'from shop.prices import Cart as C, net_price\nnet_price(1)\n',
    ['net_price'],
  ],
  ['all names of a module', 'from .prices import *\nnet_price(1)\n', ['net_price']],
  ['a module', 'from shop import prices\nprices.join(1)\n', ['prices.join']],
  ['a method of something', 'import os\ncart.put_item(1)\n', ['cart.put_item']],
  ['a name that another package has too', 'from decimal import net_price\nnet_price(1)\n', []],
  ['a name that is not imported', 'net_price(1)\n', []],
  ['another package’s function of the same name', 'import os\nos.put_item(1)\nos.path.join(2)\n', []],
  ['a method that all languages have', 'x.join(1)\n', []],
  [
    'a name that is defined here',
    'from .prices import net_price\ndef net_price(x): pass\nnet_price(1)\n',
    [],
  ],
])('Python: %s', async (_what, text, calls) => {
  expect(await callsOf(text, 'shop/cart.py', PYTHON)).toEqual(calls);
});

const JAVASCRIPT = { 'src/body.js': 'export function createBody() {}\nBody.setMass = function () {};\n' };

it.each<[string, string, string[]]>([
  ['an imported name', "import { createBody } from './body.js';\ncreateBody(1);\n", ['createBody']],
  ['a required name', "const { createBody } = require('./body');\ncreateBody(1);\n", ['createBody']],
  ['a required module', "var Body = require('./body');\nBody.setMass(1);\n", ['Body.setMass']],
  ['another package’s', "var Body = require('physics');\nBody.setMass(1);\n", []],
  ['a global', "import './body.js';\nMath.setMass(1);\nprocess.setMass(1);\n", []],
])('JavaScript: %s', async (_what, text, calls) => {
  expect(await callsOf(text, 'src/world.js', JAVASCRIPT)).toEqual(calls);
});

it('takes a name that many files define for nobody’s', async () => {
  const others = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`m${i}.py`, `x${i} = 1\ndef setup(): pass\n`]),
  );
  expect(await callsOf('from .m1 import setup\nsetup()\n', 'shop/main.py', others)).toEqual([]);
});

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

const GO = {
  'go.go': 'package shop\n\nfunc Open() {}\nfunc helper() {}\n',
  'prices/prices.go':
    'package prices\n\ntype List struct{}\n\nfunc Net() {}\nfunc Gen[T any]() {}\nfunc (l *List) Cheapest() {}\nfunc (l *List) Close() {}\n',
  'json/json.go': 'package json\n\nfunc Marshal() {}\n',
  'cart/peer.go':
    'package cart\n\nimport "example.com/shop/v2/prices"\n\nfunc put() {}\nfunc (c *Cart) take() {}\n',
  'cart/peer_test.go': 'package cart_test\n\nfunc mustPut() {}\n',
};

it.each<[string, string, string, string[]]>([
  ['a function of the package', '', 'put(1)', ['put']],
  ['a method without its receiver', '', 'take(1)', []],
  ['a function of the package’s outer tests', '', 'mustPut(1)', []],
  [
    'a function of another package of the module',
    '"example.com/shop/v2/prices"',
    'prices.Net(1)',
    ['prices.Net'],
  ],
  ['one with type arguments', '"example.com/shop/v2/prices"', 'prices.Gen[int](1)', ['prices.Gen[int]']],
  ['one by an alias', 'p "example.com/shop/v2/prices"', 'p.Net(1)', ['p.Net']],
  ['one of the module’s first package', '"example.com/shop/v2"', 'shop.Open(1)', ['shop.Open']],
  ['one that another package would have', '"example.com/shop/v2"', 'shop.Net(1)', []],
  ['one of the standard library, of the same name', '"encoding/json"', 'json.Marshal(1)', []],
  ['what another module’s value can do', '"net/http"', 'http.Default.Cheapest()', []],
  ['a method', '', 'list.Cheapest()', ['list.Cheapest']],
  ['a method that all have', '', 'list.Close()', []],
])('Go: %s', async (_what, imports, call, calls) => {
  const text = `package cart\n\nimport (\n\t${imports}\n)\n\nfunc f() {\n\t${call}\n}\n`;
  expect(await callsOf(text, 'cart/cart.go', GO)).toEqual(calls);
});

const RUST = {
  'src/prices.rs':
    'pub struct List;\nimpl List {\n    pub fn create() -> Self { List }\n    pub fn cheapest(&self) {}\n    pub fn len(&self) {}\n}\npub fn net_price() {}\npub fn parse() {}\nmacro_rules! price {\n    () => {};\n}\nmacro_rules! vec {\n    () => {};\n}\n',
  'tests/all.rs':
    'use shop::{net_price, List};\nuse shop::prices::parse;\nuse serde::{Serialize, Other, List};\n',
};

it.each<[string, string, string, string[]]>([
  ['a function that is used', 'use crate::prices::net_price;', 'net_price(1)', ['net_price']],
  ['one by a list', 'use super::{a::b, prices::{self, net_price}};', 'net_price(1)', ['net_price']],
  ['one by everything', 'use crate::prices::*;', 'net_price(1)', ['net_price']],
  ['one that nothing makes known', '', 'net_price(1)', []],
  ['another crate’s of the same name', 'use other::net_price;', 'net_price(1)', []],
  ['one of a module', 'mod prices;', 'prices::net_price(1)', ['prices::net_price']],
  ['one of the crate by its name', '', 'shop::net_price(1)', ['shop::net_price']],
  ['one of a type', 'use crate::prices::List;', 'List::create()', ['List::create']],
  ['one of another crate’s type', 'use other::List;', 'List::create()', []],
  ['one of the standard library', 'use crate::prices::*;', 'std::prices::parse(1)', []],
  ['one of a type of the standard library', 'use crate::prices::*;', 'String::create()', []],
  ['a method', '', 'list.get(1).cheapest()', ['list.get(1).cheapest']],
  ['a method that all have', '', 'list.len()', []],
  ['a macro', '', 'price!(1)', ['price!']],
  ['a macro that all have', '', 'vec!(1)', []],
  ['another crate’s macro', '', 'other::price!(1)', []],
])('Rust: %s', async (_what, uses, call, calls) => {
  const text = `${uses}\nfn f() {\n    ${call};\n}\n`;
  const found = await callsOf(text, 'src/cart.rs', RUST);
  expect(found.filter((one) => one !== 'list.get')).toEqual(calls);
});

const JAVA = {
  'shop/prices/Prices.java':
    'package shop.prices;\npublic class Prices extends Base {\n  public static int net(int x) { return x; }\n  public int cheapest() { return 1; }\n  public int size() { return 1; }\n  public static class Inner {}\n}\n',
  'shop/prices/Base.java':
    'package shop.prices;\nabstract class Base implements Priced {\n  protected void audit(int x) {}\n}\n',
  'shop/prices/Priced.java': 'package shop.prices;\ninterface Priced {\n  void label(String x);\n}\n',
  'shop/Peer.java': 'package shop;\nclass Peer {\n  static void greet() {}\n}\n',
};

it('Rust: a macro of the file’s own', async () => {
  const text = 'macro_rules! price {\n    () => {};\n}\nfn f() {\n    price!(1);\n}\n';
  expect(await callsOf(text, 'src/cart.rs', RUST)).toEqual([]);
});

it.each<[string, string, string, string[]]>([
  ['a constructor', 'import shop.prices.Prices;', 'new Prices(1)', ['new Prices']],
  ['one of a type inside another', 'import shop.prices.Prices;', 'new Prices.Inner()', ['new Prices.Inner']],
  ['one of another library’s type', 'import other.Prices;', 'new Prices(1)', []],
  ['a static method', 'import shop.prices.*;', 'Prices.net(1)', ['Prices.net']],
  ['one of the package', '', 'Peer.greet()', ['Peer.greet']],
  ['one that is imported', 'import static shop.prices.Prices.net;', 'net(1)', ['net']],
  ['one that another library has', 'import static other.Prices.net;', 'net(1)', []],
  ['one of the standard library', 'import shop.prices.*;', 'String.net(1)', []],
  ['a method of a variable', 'import shop.prices.Prices;', 'Prices p = get(); p.size()', ['p.size']],
  ['one that it inherits', 'import shop.prices.*;', 'Prices p = get(); p.label("x")', ['p.label']],
  ['one of a variable of the standard library', '', 'List<String> p = get(); p.cheapest()', []],
  ['one of what nothing is said about', '', 'get().cheapest()', ['get().cheapest']],
  ['one of that which all have', '', 'get().size()', []],
])('Java: %s', async (_what, imports, call, calls) => {
  const text = `package shop;\n${imports}\nclass Cart {\n  Object get() { return 1; }\n  void f() {\n    ${call};\n  }\n}\n`;
  expect(await callsOf(text, 'shop/Cart.java', JAVA)).toEqual(calls);
});

it('Java: a method that the class inherits', async () => {
  const text = (parent: string) =>
    `package shop;\nimport shop.prices.Prices;\nclass Cart extends ${parent} {\n  void f() {\n    audit(1);\n    this.label("x");\n  }\n}\n`;
  expect(await callsOf(text('Prices'), 'shop/Cart.java', JAVA)).toEqual(['audit', 'this.label']);
  expect(await callsOf(text('Other'), 'shop/Cart.java', JAVA)).toEqual([]);
});

it('Java: classes that inherit from each other end the search', async () => {
  const others = {
    'shop/A.java': 'package shop;\nclass A extends B {}\n',
    'shop/B.java': 'package shop;\nclass B extends A {}\n',
  };
  const text = 'package shop;\nclass Cart extends A {\n  void f() {\n    audit(1);\n  }\n}\n';
  expect(await callsOf(text, 'shop/Cart.java', others)).toEqual([]);
});

it('takes a name that many files define for nobody’s', async () => {
  const others = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`m${i}.py`, `x${i} = 1\ndef setup(): pass\n`]),
  );
  expect(await callsOf('from .m1 import setup\nsetup()\n', 'shop/main.py', others)).toEqual([]);
});

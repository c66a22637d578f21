import { describe, expect, it } from 'vitest';
import { blankLineBlocks } from '../chunkers/line-blocks.js';
import { chancesOf, type NameFeatures, type NameModel } from '../names/name-model.js';
import { chunkedOf, placesOf, requestAt } from '../testing/repositories.js';
import { neededNamesRetriever } from './needed-names-retriever.js';

const options = { generic: new Set(['everyone']) };
const blocks = () => blankLineBlocks(10);

async function namesAt(files: Record<string, string>, text: string): Promise<[string, number][]> {
  const retriever = neededNamesRetriever(await chunkedOf(files, blocks), options);
  const { names } = await retriever.retrieve(requestAt('own.py', text));
  return [...names!].sort((a, b) => b[1] - a[1]);
}

const order = async (files: Record<string, string>, text: string) =>
  (await namesAt(files, text)).map(([name]) => name);

describe('which name is needed', () => {
  it('is told by what follows the same tokens elsewhere', async () => {
    const files = {
      'a.py': 'config = load(path)\nconfig.apply_defaults(path)\n',
      'b.py': 'config = other_thing\n',
    };
    expect((await order(files, 'config = load(path)\nconfig.$0'))[0]).toBe('apply_defaults');
  });

  it('is told by the word that is begun', async () => {
    const files = { 'a.py': 'frobnicate(value)\nframe_rate(value)\nsomething(value)\n' };
    expect((await order(files, 'value = 1\nfro$0'))[0]).toBe('frobnicate');
  });

  it('is told by what the file imports', async () => {
    const files = { 'a.py': 'print(first_helper)\nprint(second_helper)\n' };
    const far = '\n'.repeat(80);
    expect((await order(files, `from tools import second_helper\n${far}print($0`))[0]).toBe('second_helper');
    expect((await order(files, `from tools import first_helper\n${far}print($0`))[0]).toBe('first_helper');
  });

  it('is told by the parts of names around', async () => {
    const files = { 'a.py': 'value = parse_invoice()\nvalue = parse_header()\n' };
    expect((await order(files, 'invoice_total = 1\nvalue = $0'))[0]).toBe('parse_invoice');
  });

  it('is never one that the prompt shows, nor a keyword, nor known to everyone as well as another', async () => {
    const names = await namesAt(
      { 'a.py': 'thing(everyone, special)\nlambda thing: None\n' },
      'shown = thing\n$0',
    );
    expect(names.map(([name]) => name).sort()).toEqual(['everyone', 'special']);
    const [special, everyone] = ['special', 'everyone'].map(
      (each) => names.find(([name]) => name === each)![1],
    );
    expect(everyone! / special!).toBeCloseTo(0.3, 10);
  });

  it('does not depend on what is committed of the current file', async () => {
    const others = { 'a.py': 'value = other_name()\nvalue = third_name()\n' };
    const text = 'value = $0\n';
    const committed = { ...others, 'own.py': 'value = other_name()\nvalue = the_truth()\n' };
    expect(await order(committed, text)).not.toContain('the_truth');
    const [before, after] = [await namesAt(others, text), await namesAt(committed, text)];
    // Rarity is a matter of the whole repository, so that chances move a little, but no name is preferred for it.
    expect(after.map(([name]) => name).sort()).toEqual(before.map(([name]) => name).sort());
    expect(after[0]![1]).toBeCloseTo(after[1]![1], 10);
  });
});

it('ranks chunks by the names in them', async () => {
  const files = {
    'a.py': 'client = connect()\nclient.send_message(text)\n',
    'b.py': 'client = connect()\npass\n',
  };
  const retriever = neededNamesRetriever(await chunkedOf(files, blocks), options);
  const { chunks, names } = await retriever.retrieve(requestAt('own.py', 'client = connect()\nclient.$0'));
  // The other has no name that the prompt lacks.
  expect(placesOf(chunks)).toEqual(['a.py:1-2']);
  expect([...names!.keys()].sort()).toEqual(['send_message', 'text']);
  expect(chunks[0]!.score).toBeCloseTo(
    [...names!.values()].reduce((a, b) => a + b),
    10,
  );
});

it('finds nothing where there is nothing', async () => {
  const retriever = neededNamesRetriever(await chunkedOf({}, blocks), options);
  const ranking = await retriever.retrieve(requestAt('own.py', '$0'));
  expect(ranking.chunks).toEqual([]);
  expect(ranking.names!.size).toBe(0);
});

it('turns features into chances by a softmax', () => {
  const none: NameFeatures = {
    votes: 0,
    subWords: 0,
    frequency: 0,
    ownCount: 0,
    member: 0,
    called: 0,
    sameLine: 0,
    imported: 0,
    followsMatch: 0,
    beginsWithPartial: 0,
  };
  const model: NameModel = { weights: { ...none, imported: 2 }, genericFactor: 0.3 };
  const chances = chancesOf(
    new Map([
      ['plain', none],
      ['imported', { ...none, imported: 1 }],
      ['everyone', none],
    ]),
    model,
    (name) => name === 'everyone',
  );
  const total = 2 + Math.exp(2);
  expect(chances.get('plain')).toBeCloseTo(1 / total, 12);
  expect(chances.get('imported')).toBeCloseTo(Math.exp(2) / total, 12);
  expect(chances.get('everyone')).toBeCloseTo(0.3 / total, 12);
});

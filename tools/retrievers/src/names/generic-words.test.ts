import { expect, it } from 'vitest';
import { GenericWordCounter, genericWords } from './generic-words.js';

it('lists names that enough repositories have, each counted once in a repository', () => {
  const counter = new GenericWordCounter();
  counter.add([
    { path: 'a', text: 'shared shared often' },
    { path: 'b', text: 'shared return ab' },
  ]);
  counter.add([{ path: 'a', text: 'often single' }]);
  counter.add([{ path: 'a', text: 'often shared' }]);
  expect(counter.words(2)).toEqual(['often', 'shared']);
  expect(counter.words(3)).toEqual(['often']);
});

it('comes with a list', () => {
  const words = genericWords();
  expect(words.size).toBeGreaterThan(1000);
  expect(words.has('append')).toBe(true);
  expect(words.has('GenericWordCounter')).toBe(false);
});

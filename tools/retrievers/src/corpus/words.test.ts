import { expect, it } from 'vitest';
import { isIdentifier, partialWord, subWordsOf, tokensOf } from './words.js';

it('splits names at capitals and underscores', () => {
  expect(subWordsOf('parseHTTPResponse_body')).toEqual(['parse', 'http', 'response', 'body']);
  expect(subWordsOf('a_of_name_name')).toEqual(['name']);
  expect(subWordsOf('x')).toEqual([]);
});

it('reads words and other characters one by one', () => {
  expect(tokensOf('  größe += a_1.b()')).toEqual(['größe', '+', '=', 'a_1', '.', 'b', '(', ')']);
});

it('knows what can be a name worth finding', () => {
  expect(['name', 'ab', 'return', '1st', '_private', 'größe'].map(isIdentifier)).toEqual([
    true,
    false,
    false,
    false,
    true,
    false,
  ]);
});

it('knows the word under construction', () => {
  expect(partialWord('x = cli')).toBe('cli');
  expect(partialWord('x = client.')).toBe('');
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addBlock,
  createChainedHook,
  createHook,
  findBlock,
  isChainedHook,
  isShellScript,
  removeBlock,
} from './hook-script.js';

const spools = ['/run/spool', '/home/o\'neil/my "spool" $(x) `y`\\', '/home/José/日本'];

describe('hook scripts', () => {
  it('finds and removes exactly what was added to any script', () => {
    const line = fc.constantFrom(
      'exit 0',
      'exec other "$@"',
      '',
      'echo hi',
      '# >>> repoformer',
      '#!/bin/sh',
      '\r',
      'é',
    );
    const script = fc
      .tuple(
        fc.constantFrom('#!/bin/sh\n', '#!/usr/bin/env bash\n', '#!/bin/sh', '', '\n'),
        fc.array(line),
        fc.boolean(),
      )
      .map(([head, lines, open]) =>
        head.endsWith('sh') ? head : head + lines.join('\n') + (open ? '' : '\n'),
      );
    fc.assert(
      fc.property(script, fc.constantFrom(...spools), (content, spool) => {
        const added = addBlock('post-merge', spool, content);
        expect(findBlock(added)?.spoolDirectory).toBe(spool);
        expect(removeBlock(added)).toBe(content);
        if (content.startsWith('#!')) expect(added.split('\n')[0]).toBe(content.split('\n')[0]);
      }),
      { seed: 3 },
    );
  });

  it('knows what it created itself', () => {
    for (const spool of spools) {
      const created = createHook('post-commit', spool);
      expect(findBlock(created)).toMatchObject({ spoolDirectory: spool, wholeFile: true });
      expect(removeBlock(created)).toBeUndefined();
      expect(removeBlock(`${created}echo added later\n`)).toBe('#!/bin/sh\necho added later\n');
      expect(isChainedHook(created)).toBe(false);
      expect(isChainedHook(createChainedHook('post-commit', spool))).toBe(true);
    }
    expect(removeBlock('#!/bin/sh\n')).toBe('#!/bin/sh\n');
  });

  it('tells shell scripts from other programs', () => {
    for (const head of [
      '#!/bin/sh',
      '#! /bin/sh -e',
      '#!/usr/bin/env bash',
      '#!/usr/bin/env -S dash -x',
      '#!/bin/dash',
      'echo x',
      '',
    ]) {
      expect(isShellScript(`${head}\necho`), head).toBe(true);
    }
    for (const head of [
      '#!/usr/bin/env node',
      '#!/usr/bin/python3',
      '#!/bin/zsh',
      '#!/bin/fish',
      '#!/bin/sh\r',
      '#!/opt/shiny',
      '\x7fELF\0',
    ]) {
      expect(isShellScript(`${head}\necho`), JSON.stringify(head)).toBe(false);
    }
  });
});

import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinPath, userFilePath } from './machine.js';

const machine = { platform: 'linux', homeDir: '/h', tempDir: '/tmp', cwd: '/', uid: 1 };
const segment = fc.constantFrom('a', 'b c', '.', '..', '', 'é', 'x/y', '/z/');

it.each([
  ['linux', posix, '/base/dir'],
  ['win32', win32, 'C:\\base\\dir'],
] as const)('joins as node:path does on %s', (platform, reference, base) => {
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), (parts) => {
      const expected = reference.join(base, ...parts).replace(/(?<=.)[\\/]$/, '');
      const root = platform === 'win32' && expected === 'C:' ? 'C:\\' : expected;
      expect(joinPath({ ...machine, platform }, base, ...parts)).toBe(root);
    }),
  );
});

it.each([
  ['linux', '/home/ada', {}, '/home/ada/.config/repoformer/config.json'],
  ['linux', '/home/ada', { XDG_CONFIG_HOME: '/c' }, '/c/repoformer/config.json'],
  ['darwin', '/Users/ada', {}, '/Users/ada/.config/repoformer/config.json'],
  ['win32', 'C:\\Users\\ada', { APPDATA: 'D:\\Roam' }, 'D:\\Roam\\repoformer\\config.json'],
])("finds the user's file on %s", (platform, homeDir, env, path) => {
  expect(userFilePath({ ...machine, platform, homeDir }, env)).toBe(path);
});

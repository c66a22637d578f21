import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxSocketPathBytes, socketPathOf } from './socket-path.js';

const linux = { platform: 'linux', homeDir: '/h', tempDir: '/tmp', cwd: '/', uid: 1000 };

describe('socketPathOf', () => {
  it('lies in the data directory while that is short enough', () => {
    const longest = `/${'d'.repeat(107 - '/repoformerd.sock'.length - 1)}`;
    expect(socketPathOf(longest, linux, {})).toBe(`${longest}/repoformerd.sock`);
    expect(socketPathOf(`${longest}d`, linux, {})).toMatch(/^\/tmp\/repoformer-1000\/[0-9a-f]{16}\.sock$/);
  });

  it('counts bytes, not characters', () => {
    const directory = `/${'é'.repeat(60)}`;
    expect(socketPathOf(directory, linux, {})).toMatch(/^\/tmp\//);
  });

  it('prefers the runtime directory', () => {
    const env = { XDG_RUNTIME_DIR: '/run/user/1000' };
    expect(socketPathOf(`/${'d'.repeat(120)}`, linux, env)).toMatch(
      /^\/run\/user\/1000\/repoformer\/[0-9a-f]{16}\.sock$/,
    );
  });

  it('is a named pipe on Windows, whatever the case of the path', () => {
    const windows = { ...linux, platform: 'win32' };
    expect(socketPathOf('C:\\Data', windows, {})).toMatch(/^\\\\\.\\pipe\\repoformer-[0-9a-f]{16}$/);
    expect(socketPathOf('C:\\Data', windows, {})).toBe(socketPathOf('c:\\data', windows, {}));
  });

  it('always fits, and differs for different directories', () => {
    const directory = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(directory, directory, fc.constantFrom('linux', 'darwin'), (a, b, platform) => {
        const machine = { ...linux, platform, tempDir: `/${'t'.repeat(100)}` };
        const paths = [a, b].map((parts) => `/${parts.join('').replaceAll('/', '')}`);
        const sockets = paths.map((path) => socketPathOf(path, machine, {}));
        for (const socket of sockets) {
          expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(maxSocketPathBytes(platform));
        }
        if (paths[0] !== paths[1] && paths.every((path) => !/^\/\.{1,2}$/.test(path))) {
          expect(sockets[0]).not.toBe(sockets[1]);
        }
      }),
    );
  });
});

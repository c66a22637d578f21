import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectIsolation, runUnitTests, type UnitTestOptions, type UnitTestResult } from './index.js';
import { readProcessTree } from './process-tree.js';

const isolation = await detectIsolation();
const isolated = isolation.network === 'none';
if (!isolated)
  console.log('skipped: running tests in a sandbox needs Linux with unprivileged user namespaces');

const PYTHON = ['python3', '-m', 'unittest', '-q'];
const NODE = [process.execPath, '--test'];

let root: string;
let python: string;
let node: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'repoformer-unit-'));
  python = join(root, 'python');
  node = join(root, 'node');
  await put(join(python, 'pkg/__init__.py'), '');
  await put(join(python, 'pkg/calc.py'), 'def double(n):\n    return n * 2\n');
  await put(
    join(python, 'test_calc.py'),
    'import unittest\nfrom pkg.calc import double\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(double(4), 8)\n',
  );
  await put(join(node, 'package.json'), '{"type": "module"}\n');
  await put(join(node, 'calc.js'), 'export function double(n) {\n  return n * 2;\n}\n');
  await put(
    join(node, 'calc.test.js'),
    "import test from 'node:test';\nimport assert from 'node:assert';\nimport { double } from './calc.js';\ntest('doubles', () => assert.equal(double(4), 8));\n",
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function put(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

const inPython = (body: string, options: Partial<UnitTestOptions> = {}): Promise<UnitTestResult> =>
  runUnitTests({
    repositoryRoot: python,
    path: 'pkg/calc.py',
    text: `def double(n):\n${body.replace(/^/gm, '    ')}\n`,
    command: PYTHON,
    timeoutMs: 30_000,
    ...options,
  });

const inNode = (body: string, options: Partial<UnitTestOptions> = {}): Promise<UnitTestResult> =>
  runUnitTests({
    repositoryRoot: node,
    path: 'calc.js',
    text: `export function double(n) {\n${body}\n}\n`,
    command: NODE,
    timeoutMs: 30_000,
    ...options,
  });

const leftOver = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('repoformer-tests-'));

describe.skipIf(!isolated)('runUnitTests, isolated', () => {
  it('passes with a right body, and says what isolation was in force', async () => {
    const result = await inPython('return n + n');
    expect(result).toMatchObject({ outcome: 'passed', exitCode: 0, isolation });
    expect(await readFile(join(python, 'pkg/calc.py'), 'utf8')).toContain('return n * 2');
    expect((await inNode('return n + n;')).outcome).toBe('passed');
  });

  it('fails with a wrong body, one that raises, and one that is no code', async () => {
    expect(await inPython('return n')).toMatchObject({ outcome: 'failed', exitCode: 1 });
    expect((await inPython('raise ValueError')).outcome).toBe('failed');
    expect((await inPython('return (')).outcome).toBe('failed');
    const result = await inNode('return n;');
    expect(result.outcome).toBe('failed');
    expect(result.output).toContain('doubles');
  });

  it('ends an infinite loop, by the clock and by processor time', async () => {
    expect((await inPython('while True: pass', { timeoutMs: 800 })).outcome).toBe('timed_out');
    expect((await inPython('while True: pass', { cpuSeconds: 1 })).outcome).toBe('timed_out');
    expect((await inNode('for (;;);', { timeoutMs: 1_000 })).outcome).toBe('timed_out');
  });

  it('ends a sleeper whose children ignore signals, and leaves none of them', async () => {
    const marker = `repoformer-sleeper-${process.pid}`;
    const body = `import os, signal, subprocess, sys, time
code = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)'
subprocess.Popen([sys.executable, '-c', code, '${marker}'], start_new_session=True)
time.sleep(60)`;
    expect((await inPython(body, { timeoutMs: 1_000 })).outcome).toBe('timed_out');
    expect(commandLines().filter((line) => line.includes(marker))).toEqual([]);
  });

  it('ends processes that are left when the tests are over', async () => {
    const marker = `repoformer-orphan-${process.pid}`;
    const body = `import subprocess, sys
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)', '${marker}'], start_new_session=True)
return n * 2`;
    expect((await inPython(body)).outcome).toBe('passed');
    expect(commandLines().filter((line) => line.includes(marker))).toEqual([]);
  });

  it('kills a memory hog, in one process or in many', async () => {
    const memoryBytes = 200 * 2 ** 20;
    const hog =
      'import time\nkept = []\nwhile True:\n    kept.append(bytearray(10_000_000))\n    time.sleep(0.02)';
    expect((await inPython(hog, { memoryBytes })).outcome).toBe('killed_memory');
    const many = `import os, time
for _ in range(8):
    if os.fork() == 0:
        kept = bytes(bytearray(40_000_000))
        time.sleep(60)
time.sleep(60)`;
    expect((await inPython(many, { memoryBytes })).outcome).toBe('killed_memory');
    expect(
      (await inNode('const a = []; for (;;) a.push(new Array(1e5).fill(n));', { memoryBytes })).outcome,
    ).toBe('killed_memory');
  });

  it('refuses one process a reservation far beyond the limit', async () => {
    const result = await inPython('bytearray(8_000_000_000)\nreturn n * 2', { memoryBytes: 2 ** 28 });
    expect(result.outcome).toBe('failed');
    expect(result.output).toContain('MemoryError');
  });

  it('has no network, not even to this machine', async () => {
    let requests = 0;
    const server = createServer((_request, response) => {
      requests++;
      response.end('reached');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    try {
      const body = `import socket\nsocket.create_connection(("127.0.0.1", ${port}), 5)\nreturn n * 2`;
      expect((await inPython(body)).outcome).toBe('failed');
      expect(
        (await inPython('import socket\nsocket.getaddrinfo("example.org", 80)\nreturn n * 2')).outcome,
      ).toBe('failed');
      expect(requests).toBe(0);
    } finally {
      server.close();
    }
  });

  it('has its own loopback', async () => {
    const body = `import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    with socket.create_connection(server.getsockname(), 5):
        return n * 2`;
    expect((await inPython(body)).outcome).toBe('passed');
  });

  it('bounds a fork bomb', async () => {
    const bomb = 'import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass';
    const before = readProcessTree(process.pid).processes.length;
    const result = await inPython(bomb, { timeoutMs: 3_000, processes: 40 });
    expect(result.outcome).not.toBe('passed');
    expect(readProcessTree(process.pid).processes.length).toBeLessThanOrEqual(before);
  });

  it.skipIf(isolation.writes !== 'work_directory')('can write only inside its directory', async () => {
    const outside = join(root, 'outside');
    await expect(inPython(`open(${JSON.stringify(outside)}, "w")\nreturn n * 2`)).resolves.toMatchObject({
      outcome: 'failed',
    });
    expect(existsSync(outside)).toBe(false);
    const inside =
      'import os, tempfile\nopen("here", "w")\nopen(os.path.expanduser("~/x"), "w")\ntempfile.mkstemp()';
    expect((await inPython(`${inside}\nreturn n * 2`)).outcome).toBe('passed');
  });

  it('bounds the size of a file', async () => {
    const body = 'with open("big", "wb") as f:\n    f.write(bytes(3_000_000))\nreturn n * 2';
    expect((await inPython(body, { fileBytes: 2 ** 20 })).outcome).toBe('failed');
    expect((await inPython(body, { fileBytes: 2 ** 22 })).outcome).toBe('passed');
  });

  it('gets a clean environment', async () => {
    process.env.REPOFORMER_TEST_SECRET = 'secret';
    try {
      const body = `import os
assert "REPOFORMER_TEST_SECRET" not in os.environ
assert os.environ["HOME"].startswith(os.path.dirname(os.getcwd()))
assert os.environ["EXTRA"] == "1"
return n * 2`;
      expect((await inPython(body, { env: { EXTRA: '1' } })).outcome).toBe('passed');
    } finally {
      delete process.env.REPOFORMER_TEST_SECRET;
    }
  });

  it('is not fooled by a body that ends the process with status 0', async () => {
    const body = 'import os\nos._exit(0)';
    expect((await inPython(body)).outcome).toBe('passed');
    expect((await inPython(body, { successPattern: /^OK/m })).outcome).toBe('failed');
    expect((await inPython('return n * 2', { successPattern: /^OK/m })).outcome).toBe('passed');
  });

  it('keeps the end of long output, and no more', async () => {
    const body = 'import sys\nfor i in range(300_000):\n    print("line", i)\nraise ValueError("the end")';
    const { output } = await inPython(body);
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(64 * 1024);
    expect(output).toContain('the end');
  });

  it('can be cancelled', async () => {
    const controller = new AbortController();
    const run = inPython('import time\ntime.sleep(60)', { signal: controller.signal });
    setTimeout(() => controller.abort(), 300);
    await expect(run).rejects.toMatchObject({ kind: 'cancelled' });
    await expect(inPython('return 1', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'cancelled',
    });
  });

  it('leaves nothing behind', async () => {
    const before = leftOver();
    await inPython('open("x", "w")\nimport os\nos.mkdir("d", 0o500)\nreturn n * 2');
    expect(leftOver()).toEqual(before);
  });
});

describe('runUnitTests, without isolation', () => {
  it('runs when told to, and says so', async () => {
    const result = await inPython('return n + n', { isolation: 'none' });
    expect(result).toMatchObject({
      outcome: 'passed',
      isolation: { network: 'host', processes: 'group', writes: 'host' },
    });
    expect((await inPython('return n', { isolation: 'none' })).outcome).toBe('failed');
  });

  it('still keeps its limits', async () => {
    const hog =
      'import time\nkept = []\nwhile True:\n    kept.append(bytearray(10_000_000))\n    time.sleep(0.02)';
    const none = { isolation: 'none' } as const;
    expect((await inPython(hog, { ...none, memoryBytes: 2 ** 27 })).outcome).toBe('killed_memory');
    expect((await inPython('while True: pass', { ...none, timeoutMs: 600 })).outcome).toBe('timed_out');
  });
});

describe('runUnitTests, bad input', () => {
  const refused = (change: Partial<UnitTestOptions>): Promise<unknown> =>
    inPython('return n', { isolation: 'none', ...change }).catch((error: unknown) => error);

  it('names what is wrong', async () => {
    expect(await refused({ path: '../outside.py' })).toMatchObject({ meta: { field: 'path' } });
    expect(await refused({ path: '/etc/passwd' })).toMatchObject({ meta: { field: 'path' } });
    expect(await refused({ command: [] })).toMatchObject({ meta: { field: 'command' } });
    expect(await refused({ command: ['no-such-program'] })).toMatchObject({ meta: { field: 'command' } });
    expect(await refused({ repositoryRoot: join(root, 'gone') })).toMatchObject({ kind: 'not_found' });
    expect(await refused({ maxRepositoryBytes: 10 })).toMatchObject({ kind: 'resource_exhausted' });
  });

  it('does not follow links out of the repository', async () => {
    const linked = join(root, 'linked');
    await mkdir(linked);
    await put(join(root, 'target/file.py'), 'original');
    await symlink(join(root, 'target'), join(linked, 'absolute'));
    await symlink('../target', join(linked, 'relative'));
    await symlink('inner', join(linked, 'kept'));
    await put(join(linked, 'inner'), 'text');
    const command = ['sh', '-c', 'ls; cat kept'];
    const options = {
      repositoryRoot: linked,
      text: 'changed',
      command,
      timeoutMs: 20_000,
      isolation: 'none',
    } as const;
    const result = await runUnitTests({ ...options, path: 'absolute/file.py' });
    expect(result.output).toBe('absolute\ninner\nkept\ntext');
    expect(await readFile(join(root, 'target/file.py'), 'utf8')).toBe('original');
  });
});

function commandLines(): string[] {
  return readProcessTree(1).processes.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  });
}

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon, PROJECT_ROOT } from './harness/index.js';

const FOLDER = join(PROJECT_ROOT, 'test/clients/python');
const VENV = join(FOLDER, '.venv');
const PYTHON = join(VENV, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

const missing = setUp();
if (missing) console.warn(`skipped: the Python client's tests need ${missing}`);

describe.skipIf(missing)('a Python client', () => {
  let daemon: Daemon;

  beforeAll(async () => {
    daemon = await Daemon.start();
    await daemon.complete({ prefix: 'x', suffix: '', maxTokens: 1 });
  });
  afterAll(() => daemon?.remove());

  it('streams, cancels, and reads errors', () => {
    const run = spawnSync(PYTHON, ['-m', 'unittest', '-v', 'test_client.py'], {
      cwd: FOLDER,
      env: { ...process.env, REPOFORMER_ADDRESS: daemon.address },
      encoding: 'utf8',
      timeout: 170_000,
    });
    expect(run.status, run.stderr).toBe(0);
    expect(run.stderr).toMatch(/Ran 4 tests/);
  });
});

/** Makes the virtual environment and generates the client. @returns what is missing on this machine */
function setUp(): string | undefined {
  if (spawnSync('python3', ['-m', 'venv', '--help']).status !== 0) return 'python3 with venv';
  try {
    if (!existsSync(join(VENV, 'installed'))) {
      execFileSync('python3', ['-m', 'venv', '--clear', VENV], { stdio: 'pipe' });
      execFileSync(
        PYTHON,
        ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'],
        { cwd: FOLDER, stdio: 'pipe', timeout: 150_000 },
      );
      mkdirSync(join(VENV, 'installed'));
    }
  } catch {
    return 'grpcio, which could not be installed (no network?)';
  }
  const gen = join(VENV, 'gen');
  mkdirSync(gen, { recursive: true });
  const proto = join(PROJECT_ROOT, 'proto');
  const files = readdirSync(proto, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.proto'),
  );
  execFileSync(
    PYTHON,
    ['-m', 'grpc_tools.protoc', `-I${proto}`, `--python_out=${gen}`, `--grpc_python_out=${gen}`, ...files],
    { stdio: 'pipe' },
  );
  return undefined;
}

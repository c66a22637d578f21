import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { heading, ROOT, run, runNpm, SetupError } from './project.mjs';

/** No dependency in package.json: only the tests in a browser need it, and installs would grow by half. */
const PACKAGE = {
  name: '@sparticuz/chromium',
  version: '153.0.0',
  tarball: 'sparticuz-chromium-153.0.0.tgz',
  sha512: 'jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==',
};
const CACHE = join(ROOT, 'node_modules/.cache/repoformer-browser');

/** On the PATH. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** Where systems have it that put no browser on the PATH. */
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** The package's own names only folders of the machines that it is meant for. */
const FONTS_CONF = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/**
 * A Chromium or Chrome: the one of CHROME_PATH, one that is installed, or one that is fetched through npm once.
 *
 * @returns {Promise<{ path: string, env: NodeJS.ProcessEnv }>} `env`: what it needs to start
 */
export async function getBrowser() {
  const chosen = process.env['CHROME_PATH'] ?? '';
  if (chosen !== '') {
    if (!existsSync(chosen)) throw new SetupError(`CHROME_PATH names ${chosen}, which is not there`, 2);
    return { path: chosen, env: {} };
  }
  for (const path of installed()) if (await starts(path)) return { path, env: {} };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError('no Chromium or Chrome found; set CHROME_PATH to one');
  }
  const folder = await fetchChromium();
  const path = join(folder, 'chromium');
  const env = {
    LD_LIBRARY_PATH: [join(folder, 'lib'), process.env['LD_LIBRARY_PATH'] ?? ''].filter(Boolean).join(':'),
    FONTCONFIG_FILE: join(folder, 'fonts.conf'),
    // Playwright's newer way to photograph a page fails in this build every other time.
    PLAYWRIGHT_LEGACY_SCREENSHOT: '1',
  };
  if (!(await starts(path, env))) {
    throw new SetupError('the fetched Chromium does not start here; set CHROME_PATH to another one');
  }
  return { path, env };
}

function installed() {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...PLACES].filter(
    isProgram,
  );
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Some systems have a stand-in that only says how to install it. On Windows, asking would open a window. */
async function starts(path, env = {}) {
  if (process.platform === 'win32') return true;
  const { code } = await run(path, ['--version'], { env, capture: true });
  return code === 0;
}

/** @returns {Promise<string>} the folder with the program, its libraries and fonts */
async function fetchChromium() {
  const { name, version, tarball } = PACKAGE;
  const folder = join(CACHE, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  heading(`Fetching ${name} ${version} (npm pack): 70 MB, 213 MB on disk`);
  // An interruption leaves no half of it under its own name.
  const draft = `${folder}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    const pack = ['pack', `${name}@${version}`, '--pack-destination', draft, '--loglevel', 'error'];
    const { code } = await runNpm(pack, { cwd: draft, capture: true });
    if (code !== 0) {
      throw new SetupError(`npm could not fetch ${name} ${version}; set CHROME_PATH to an installed browser`);
    }
    const archive = join(draft, tarball);
    check(archive);
    await untar(archive, draft, ['--strip-components=2', '-z', 'package/bin']);
    rmSync(archive);
    await unpack(draft);
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

function check(archive) {
  const found = createHash('sha512').update(readFileSync(archive)).digest('base64');
  if (found !== PACKAGE.sha512) {
    throw new SetupError(`${PACKAGE.tarball} is not what it should be: its SHA-512 is ${found}`);
  }
}

async function unpack(folder) {
  const packed = ['chromium.br', 'al2023.tar.br', 'fonts.tar.br'].map((name) => join(folder, name));
  for (const path of packed) {
    const plain = path.replace(/\.br$/, '');
    await pipeline(createReadStream(path), createBrotliDecompress(), createWriteStream(plain));
    if (plain.endsWith('.tar')) {
      await untar(plain, folder);
      rmSync(plain);
    }
    rmSync(path);
  }
  // A stand-in for a GPU, without which pages are drawn as well.
  rmSync(join(folder, 'swiftshader.tar.br'), { force: true });
  writeFileSync(join(folder, 'fonts.conf'), FONTS_CONF);
  chmodSync(join(folder, 'chromium'), 0o755);
}

async function untar(archive, folder, args = []) {
  const { code } = await run('tar', ['-x', '-f', archive, '-C', folder, '--no-same-owner', ...args]);
  if (code !== 0) throw new SetupError(`tar could not unpack ${archive}`);
}

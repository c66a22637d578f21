import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syntheticInput } from './testing.js';
import { writeReport } from './write-report.js';

const PLACES = [
  process.env['CHROME_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];
const executablePath = PLACES.find((place) => place !== undefined && existsSync(place));
if (executablePath === undefined) {
  if (process.env['REPOFORMER_NEEDS_BROWSER'] === '1') {
    throw new Error('no Chromium or Chrome found to open the report in; set CHROME_PATH to one');
  }
  console.warn(
    'skipped: no Chromium or Chrome found to open the report in; npm run test:browser fetches one',
  );
}

const EVIL = `</script></pre><img src="http://localhost/x" onerror="document.title='owned'">\u202ex`;

describe.skipIf(executablePath === undefined)('the report in a real browser', () => {
  let folder: string;
  let url: string;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'repoformer-browser-'));
    const input = syntheticInput({ holes: 180 });
    const results = input.results.map((hole) => ({
      ...hole,
      before: `${EVIL}\n${hole.before}`,
      path: `${hole.path}${EVIL}`,
    }));
    const { files } = await writeReport({ ...input, results, notes: [EVIL] }, folder, { resamples: 100 });
    url = pathToFileURL(files.html).href;
    browser = await chromium.launch({
      ...(executablePath !== undefined && { executablePath }),
      args: ['--headless', '--no-sandbox', '--disable-gpu'],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens the report, and tells what the browser complained of and asked for. */
  async function open(width: number, colorScheme: 'light' | 'dark') {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => complaints.push(dialog.message()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(url);
    return { page, complaints, requests };
  }

  const views = [400, 1400].flatMap((width) =>
    (['light', 'dark'] as const).map((scheme) => ({ width, scheme })),
  );
  it.each(views)('at $width px, $scheme', async ({ width, scheme }) => {
    const { page, complaints, requests } = await open(width, scheme);
    await page.evaluate(OPEN_ALL);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([url]);
    expect(await page.title()).toBe('Does context from other files pay?');
    expect(await page.locator('img, script').count()).toBe(0);

    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const charts = (await page.evaluate(CHARTS)) as Chart[];
    const visible = charts.filter((chart) => chart.width > 0);
    expect(visible.length).toBeGreaterThan(15);
    // The two that are drawn twice show one drawing each, the one for this width.
    const twice = visible.filter(({ id }) => /^(effect|stages)-/.test(id));
    expect(twice.map(({ id }) => id)).toEqual(
      ['effect-histogram', 'effect-kinds', 'stages-chart'].map((id) => `${id}-${width < 760 ? 'n' : 'w'}-t`),
    );
    for (const chart of visible) {
      expect(chart, chart.id).toMatchObject({ isEmpty: false });
      expect(chart.height, chart.id).toBeGreaterThan(50);
      expect(chart.right, chart.id).toBeLessThanOrEqual(width);
      expect(chart.smallestText, chart.id).toBeGreaterThanOrEqual(10);
    }

    const paper = (await page.evaluate('getComputedStyle(document.body).backgroundColor')) as string;
    const brightest = Math.max(...(paper.match(/\d+/g) ?? []).slice(0, 3).map(Number));
    if (scheme === 'light') expect(brightest).toBeGreaterThan(200);
    else expect(brightest).toBeLessThan(60);

    // WCAG AA for text, in both schemes.
    const contrasts = (await page.evaluate(CONTRASTS)) as Record<string, number>;
    for (const [pair, contrast] of Object.entries(contrasts))
      expect(contrast, pair).toBeGreaterThanOrEqual(4.5);

    await photograph(page, `${scheme}-${width}`);
    await page.close();
  });

  it('prints on white, with all tables open', async () => {
    const { page } = await open(800, 'dark');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(
      await page.evaluate('document.querySelector("details table").getBoundingClientRect().height'),
    ).toBeGreaterThan(50);
    await photograph(page, 'print');
    await page.close();
  });

  /** A photograph that shows something; kept where REPORT_PHOTOGRAPHS names a folder. */
  async function photograph(page: Page, name: string): Promise<void> {
    const kept = process.env['REPORT_PHOTOGRAPHS'];
    if (kept !== undefined) await mkdir(kept, { recursive: true });
    const path = join(kept ?? folder, `report-${name}.png`);
    await page.screenshot({ path, fullPage: true });
    const png = await readFile(path);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    // An empty page of this size compresses to a tenth of this.
    expect(png.length).toBeGreaterThan(200_000);
  }
});

interface Chart {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly right: number;
  readonly isEmpty: boolean;
  readonly smallestText: number;
}

// These run in the page: as texts, since this project's own code has no DOM.
const OPEN_ALL = `document.querySelectorAll('details').forEach((one) => (one.open = true))`;

const CHARTS = `[...document.querySelectorAll('svg')].map((svg) => {
  const box = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].map((text) => parseFloat(getComputedStyle(text).fontSize) * box.width / svg.viewBox.baseVal.width);
  const shapes = [...svg.querySelectorAll('rect, path, circle, line')].filter((shape) => {
    const { width, height } = shape.getBoundingClientRect();
    return width + height > 3;
  });
  return { id: svg.getAttribute('aria-labelledby').split(' ')[0], width: box.width, height: box.height, right: box.right, isEmpty: shapes.length < 3, smallestText: Math.min(...texts) };
})`;

const CONTRASTS = `(() => {
  const probe = document.body.appendChild(document.createElement('i'));
  const rgb = (name) => {
    probe.className = '';
    probe.style.color = 'var(' + name + ')';
    return getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
  };
  const luminance = (colour) => colour.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => { const [x, y] = [luminance(rgb(a)), luminance(rgb(b))].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
  const pairs = [['--ink', '--paper'], ['--muted', '--paper'], ['--accent', '--paper'], ['--ink', '--wash'], ['--muted', '--wash'], ['--accent', '--wash'], ['--ink', '--faint']];
  const found = Object.fromEntries(pairs.map(([a, b]) => [a + ' on ' + b, contrast(a, b)]));
  probe.remove();
  return found;
})()`;

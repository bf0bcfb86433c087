/**
 * Checks of the built app that a tool like Lighthouse would make: `node scripts/app-audit.mjs` after `npm run build`. A static server
 * on loopback, a phone-sized Chromium with a fresh profile, one load. Prints a table; ends with 1 when a goal is missed.
 *
 * JavaScript is counted by what the server was asked for, gzipped (level 9): scripts until the largest paint of the first view, scripts
 * until the network is idle, and scripts of workers apart. What the service worker downloads in the background is not the page's.
 */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import sirv from 'sirv';
import { CHROMIUM, ROOT } from './prepare.mjs';

/** Another folder may be given: `node scripts/app-audit.mjs <folder>`. */
const APP = process.argv[2] ?? join(ROOT, 'dist/app');
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Bytes of gzipped JavaScript that may be loaded before the first view stands. */
const MAX_FIRST_LOAD_BYTES = 150_000;
/** Sum of all layout shifts while loading that nobody's touch caused. */
const MAX_LAYOUT_SHIFT = 0.02;
/** The worker downloads two megabytes from loopback; it takes a second. */
const OFFLINE_READY_TIMEOUT_MS = 30_000;

const rows = [];
/** Notes a number without a goal. */
const tell = (what, found) => rows.push({ what, found, goal: '', isMet: true });
const check = (what, found, goal, isMet) => rows.push({ what, found: String(found), goal, isMet });
const kilobytes = (bytes) => `${(bytes / 1_000).toFixed(1)} kB`;

/** Serves the app and notes every request with its time and what it is for. */
async function serve() {
  const requests = [];
  const files = sirv(APP, { dev: true, etag: true });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    requests.push({ path: pathname, use: request.headers['sec-fetch-dest'] ?? '', atMs: Date.now() });
    files(request, response, () => response.writeHead(404).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, requests, stop };
}

/** Gzipped size of every different file among the requests. */
function gzippedBytes(requests) {
  const paths = new Set(requests.map(({ path }) => path));
  return [...paths].reduce(
    (sum, path) => sum + gzipSync(readFileSync(join(APP, path)), { level: 9 }).length,
    0,
  );
}

/** The largest few of the files that were asked for: where to look when the goal is missed. */
function largest(requests) {
  const sized = [...new Set(requests.map(({ path }) => path))].map((path) => [
    path,
    gzippedBytes([{ path }]),
  ]);
  return sized
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([path]) => path);
}

/** Collected from the first moment of a page on. */
function watchPaint() {
  globalThis.audit = { shift: 0, shifts: [], largestMs: 0, firstMs: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      globalThis.audit.shift += entry.value;
      const names = entry.sources.map(({ node }) => node?.localName ?? node?.nodeName ?? '?');
      globalThis.audit.shifts.push(`${entry.value.toFixed(4)} ${names.join(' ')}`);
    }
  }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => {
    globalThis.audit.largestMs = list.getEntries().at(-1).startTime;
  }).observe({ type: 'largest-contentful-paint', buffered: true });
  new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries()) {
      if (name === 'first-contentful-paint') globalThis.audit.firstMs = startTime;
    }
  }).observe({ type: 'paint', buffered: true });
}

async function auditLoad(page, server) {
  await page.addInitScript(watchPaint);
  await page.goto(server.url);
  await page.waitForFunction(() => globalThis.audit.largestMs > 0);
  await page.waitForLoadState('networkidle');
  const audit = await page.evaluate(() => ({ ...globalThis.audit, originMs: performance.timeOrigin }));
  const asked = server.requests.filter(({ path }) => path.endsWith('.js'));
  const scripts = asked.filter(({ use }) => use === 'script');
  const first = gzippedBytes(scripts.filter(({ atMs }) => atMs <= audit.originMs + audit.largestMs));
  check(
    'JavaScript until the first view stands',
    kilobytes(first),
    `under ${kilobytes(MAX_FIRST_LOAD_BYTES)}`,
    first < MAX_FIRST_LOAD_BYTES,
  );
  for (const path of largest(scripts)) tell(`  ${path}`, kilobytes(gzippedBytes([{ path }])));
  tell('JavaScript until the network is idle', kilobytes(gzippedBytes(scripts)));
  tell('JavaScript of workers', kilobytes(gzippedBytes(asked.filter(({ use }) => use === 'worker'))));
  tell(
    'First and largest paint (loopback)',
    `${Math.round(audit.firstMs)} ms, ${Math.round(audit.largestMs)} ms`,
  );
  check(
    'Layout shift',
    audit.shift.toFixed(4),
    `at most ${MAX_LAYOUT_SHIFT}`,
    audit.shift <= MAX_LAYOUT_SHIFT,
  );
  for (const shift of audit.shifts) tell('  shifted', shift);
}

async function auditPage(page) {
  const found = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title,
    viewport: document.querySelector('meta[name=viewport]')?.content ?? '',
    description: document.querySelector('meta[name=description]')?.content ?? '',
    themes: document.querySelectorAll('meta[name=theme-color]').length,
    width: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  }));
  const isLanguage = found.lang !== '' && Intl.DateTimeFormat.supportedLocalesOf([found.lang]).length === 1;
  check('Language of the page', found.lang, 'known', isLanguage);
  check('Title', found.title, 'not empty', found.title.trim() !== '');
  const mayZoom = !/user-scalable\s*=\s*(no|0)|maximum-scale/.test(found.viewport);
  const isPhoneWide = /width\s*=\s*device-width/.test(found.viewport);
  check('Viewport', found.viewport, 'device-width, zoom allowed', mayZoom && isPhoneWide);
  check(
    'Description',
    `${found.description.length} characters`,
    '20 to 160',
    found.description.length >= 20 && found.description.length <= 160,
  );
  check('Theme colours', found.themes, 'light and dark', found.themes === 2);
  check('Wider than a phone by', `${found.width} px`, '0 px', found.width <= 0);
}

async function auditInstall(page, context) {
  const session = await context.newCDPSession(page);
  const { errors } = await session.send('Page.getAppManifest');
  check(
    'Manifest',
    errors.map(({ message }) => message).join('; ') || 'no errors',
    'no errors',
    errors.length === 0,
  );
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  const reasons = installabilityErrors.map(({ errorId }) => errorId).join(' ');
  check('Installable', reasons || 'yes', 'yes', reasons === '');
}

async function auditOffline(page, server) {
  const isServed = await page
    .waitForFunction(() => navigator.serviceWorker.controller !== null, null, {
      timeout: OFFLINE_READY_TIMEOUT_MS,
    })
    .then(
      () => true,
      () => false,
    );
  check('Service worker serves the page after one load', isServed ? 'yes' : 'no', 'yes', isServed);
  await server.stop();
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  const outcome = await page.reload().then(
    async () => {
      await page.waitForFunction(() => globalThis.audit.largestMs > 0);
      return problems.length === 0 ? 'yes' : problems.join('; ');
    },
    (error) => error.message.split('\n')[0],
  );
  check('Opens without a network', outcome, 'yes', outcome === 'yes');
}

function print() {
  const width = (key) => Math.max(...rows.map((row) => row[key].length));
  for (const { what, found, goal, isMet } of rows) {
    const mark = goal === '' ? '    ' : isMet ? 'ok  ' : 'MISS';
    console.log(`${mark} ${what.padEnd(width('what'))}  ${found.padEnd(width('found'))}  ${goal}`.trimEnd());
  }
}

if (!existsSync(join(APP, 'index.html'))) {
  console.error('The app is not built: npm run build');
  process.exit(1);
}
const server = await serve();
const profile = mkdtempSync(join(tmpdir(), 'waystation-audit-'));
// A profile on disk: in a private window a browser refuses to install.
const context = await chromium.launchPersistentContext(profile, {
  ...PHONE,
  executablePath: CHROMIUM,
  args: FLAGS,
});
try {
  const page = await context.newPage();
  await auditLoad(page, server);
  await auditPage(page);
  await auditInstall(page, context);
  await auditOffline(page, server);
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
print();
process.exit(rows.every(({ isMet }) => isMet) ? 0 : 1);

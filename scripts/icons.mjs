/**
 * Makes public/icons from public/icon.svg: `node scripts/icons.mjs`. Chromium draws them; the results are committed, so that a build
 * needs no browser. Run it again after the mark was changed.
 *
 * - any: the mark on its rounded tile;
 * - maskable: the ground to the edges, the mark inside the safe circle (radius 40 %), because systems cut their own shape;
 * - monochrome: the mark alone, one colour, for systems that tint it;
 * - apple-touch: as maskable without transparency, iOS rounds it;
 * - shortcut: the glyph of a place on the tile's ground.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { CHROMIUM, ROOT } from './prepare.mjs';

const FOLDER = join(ROOT, 'public/icons');
const MARK = readFileSync(join(ROOT, 'public/icon.svg'), 'utf8');
const GROUND = /<rect id="ground"[^>]*fill="([^"]*)"[^>]*>/;
const [, GROUND_COLOUR] = GROUND.exec(MARK) ?? [];
if (GROUND_COLOUR === undefined)
  throw new Error('expected <rect id="ground" … fill="…"/> in public/icon.svg');

/** The mark about the middle, `scale` times as large. */
const scaled = (svg, scale) =>
  svg.replace(
    '<g id="mark">',
    `<g id="mark" transform="translate(256 256) scale(${scale}) translate(-256 -256)">`,
  );
const toTheEdges = (svg) =>
  svg.replace(GROUND, `<rect id="ground" width="512" height="512" fill="${GROUND_COLOUR}"/>`);
const oneColour = (svg) =>
  svg
    .replace(GROUND, '')
    .replaceAll(/fill="#[^"]*"/g, 'fill="#fff"')
    .replaceAll(/stroke="#[^"]*"/g, 'stroke="#fff"');

const tile = (glyph) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96">
  <circle cx="48" cy="48" r="48" fill="${GROUND_COLOUR}"/>
  <g fill="none" stroke="#f5f4ee" stroke-width="6" stroke-linecap="round" stroke-linejoin="round">${glyph}</g>
</svg>`;
const PLACES = {
  record: '<circle cx="48" cy="48" r="26"/><circle cx="48" cy="48" r="12" fill="#ffc857" stroke="none"/>',
  data: '<path d="M22 66 38 46l12 12 24-30"/><path d="M22 74h52" stroke="#ffc857"/>',
  now: '<circle cx="48" cy="48" r="26"/><path d="M37 49l8 8 15-17" stroke="#ffc857"/>',
};

const maskable = scaled(toTheEdges(MARK), 0.8);
const pictures = [
  ['icon-192', 192, MARK],
  ['icon-512', 512, MARK],
  ['maskable-192', 192, maskable],
  ['maskable-512', 512, maskable],
  ['monochrome-512', 512, scaled(oneColour(MARK), 0.9)],
  ['apple-touch-180', 180, scaled(toTheEdges(MARK), 0.9)],
  ...Object.entries(PLACES).map(([place, glyph]) => [`shortcut-${place}-96`, 96, tile(glyph)]),
];

mkdirSync(FOLDER, { recursive: true });
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
  ],
});
try {
  const page = await browser.newPage();
  for (const [name, size, svg] of pictures) {
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(
      `<!doctype html><style>body{margin:0;background:transparent}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`,
    );
    writeFileSync(join(FOLDER, `${name}.png`), await page.screenshot({ omitBackground: true }));
  }
} finally {
  await browser.close();
}

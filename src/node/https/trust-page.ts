/**
 * The page that plain HTTP shows to other machines: why the app cannot run here, and how this device comes to trust the relay. It is
 * whole in one answer (text, style, script), under a policy that lets nothing else run or load.
 */
import { createHash } from 'node:crypto';
import tokens from '../../ui/tokens.css?raw';
import pageStyle from './trust-page.css?raw';
import script from './trust-page-script.js?raw';
import { GUIDES, type Guide, type System } from './trust-steps.ts';

export interface TrustPageFacts {
  /** Such as `waystation.local`. */
  readonly name: string;
  readonly shortId: string;
  /** Says of an answer of `/healthz` that it is this relay's. */
  readonly hostId: string;
  /** SHA-256 of the authority's certificate, with colons. */
  readonly fingerprint: string;
  readonly port: number;
  readonly securePort: number;
  readonly system: System;
  /** The host part of the URL that was opened, when that is an address for which the relay has a certificate. */
  readonly address: string | undefined;
  /** Where the app runs on the relay's own machine, when it is that one which asks. */
  readonly here: string | undefined;
}

export interface TrustPage {
  readonly html: string;
  readonly policy: string;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (one) => ESCAPES[one] ?? '');
}

/** The app's own colours and measures: the first block of its tokens, without what it imports. */
const ownTokens = /:root\s*\{[^}]*\}/.exec(tokens)?.[0] ?? '';
const style = `${ownTokens}\n${pageStyle}`;

function sha256Source(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

const STYLE_SOURCE = sha256Source(style);
const SCRIPT_SOURCE = sha256Source(script);

/** What pages of this kind may do, with the origins that this one asks. */
function policyFor(origins: readonly string[]): string {
  return [
    "default-src 'none'",
    `script-src ${SCRIPT_SOURCE}`,
    `style-src ${STYLE_SOURCE}`,
    "img-src 'self'",
    `connect-src ${origins.join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function largeSteps({ steps, note }: Guide): string {
  const items = steps.map((step) => `<li>${step.startsWith('<p>') ? step : `<p>${step}</p>`}</li>`);
  return `<ol class="steps">${items.join('\n')}</ol>${note === undefined ? '' : `<p class="soft">${note}</p>`}`;
}

function smallSteps({ title, steps, note }: Guide): string {
  const items = steps.map((step) => `<li>${step}</li>`).join('\n');
  return `<details><summary>${title}</summary><ol>${items}</ol>${note === undefined ? '' : `<p class="soft">${note}</p>`}</details>`;
}

function inBrackets(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Renders it. */
export function renderTrustPage(facts: TrustPageFacts): TrustPage {
  const { system, address, here } = facts;
  const name = escapeHtml(facts.name);
  const secure = `https://${facts.name}:${facts.securePort}`;
  const plain = `http://${facts.name}:${facts.port}`;
  const byAddress = address === undefined ? undefined : `https://${inBrackets(address)}:${facts.securePort}`;
  const data = { secure, plain, 'by-address': byAddress, host: facts.hostId, here };
  const attributes = Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `data-${key}="${escapeHtml(value ?? '')}"`)
    .join(' ');
  // A policy cannot name an IPv6 address.
  const addressSource = byAddress?.includes('[') ? 'https:' : byAddress;
  const origins = [secure, plain, ...(addressSource === undefined ? [] : [addressSource])];
  const others = (Object.keys(GUIDES) as System[]).filter((one) => one !== system);
  const shownAddress = escapeHtml(address ?? '');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trust this relay – Waystation</title>
<link rel="icon" href="/icon.svg">
<style>${style}</style>
</head>
<body ${attributes}>
<main>
<div class="relay"><img src="/icon.svg" alt="" width="48" height="48"><p><strong>Waystation</strong><br><span class="soft">relay ${name}</span></p></div>
<h1>Once: trust your relay</h1>
<p>Browsers give sensors, camera and safe keeping only to pages that come encrypted. For that this device has to know the relay’s
certificate. It takes a minute, once.</p>
<section class="card" aria-labelledby="status">
<p id="status" role="status">Follow the steps below.</p>
<div id="by-address" hidden>
<p>You can open the app by the relay’s address, ${shownAddress}. What you keep in this browser then belongs to that address: when the relay gets
another one, this browser starts empty there. Phones from Android 12 on find the name.</p>
<p><a class="button" href="${escapeHtml(byAddress ?? '#')}/" data-goes-to="${escapeHtml(byAddress ?? '')}">Open the app at ${shownAddress}</a></p>
</div>
<p id="no-name" hidden>This device does not find the name ${name} in this network; phones before Android 12 cannot. ${
    address === undefined
      ? 'Open the relay by its address instead.'
      : `The app will open by the address ${shownAddress} instead.`
  }</p>
<button class="button second" type="button" data-check>Check again</button>
${here === undefined ? '' : `<p>This is the relay’s own computer: <a href="${escapeHtml(here)}/" data-goes-to="${escapeHtml(here)}">open the app at ${escapeHtml(here)}</a>.</p>`}
<noscript><p>Without JavaScript nothing is checked here. After the steps open <a href="${escapeHtml(secure)}/">${escapeHtml(secure)}</a>.</p></noscript>
</section>
<section id="steps" aria-labelledby="steps-title">
<h2 id="steps-title">Steps for ${GUIDES[system].title}</h2>
${largeSteps(GUIDES[system])}
</section>
<h2>What trusting means</h2>
<p>You tell this device: whoever has this relay’s key may prove to be <strong>${name}</strong>, or a machine with a private address in the network you are in. The certificate
can vouch for nothing else. No bank, no mail, no other site on the internet: browsers refuse it there.</p>
<p>Do this only with a relay of your own or of people you trust.</p>
<h2>Is it the right certificate?</h2>
<p>The relay printed this number (SHA-256) where it was started. Your device shows it in the details of the certificate, under
“Waystation”, “${name} (relay ${escapeHtml(facts.shortId)})”. They must be the same:</p>
<p><code>${facts.fingerprint.replaceAll(':', ':<wbr>')}</code></p>
<h2>Other devices</h2>
${others.map((one) => smallSteps(GUIDES[one])).join('\n')}
</main>
<script>${script}</script>
</body>
</html>
`;
  return { html, policy: policyFor(origins) };
}

/** What a person does to trust the relay's certificate, system by system, in the words that those systems use. */

export type System = 'android' | 'iphone' | 'windows' | 'mac' | 'linux' | 'firefox';

/** Path of the certificate on the relay; its last part is the name of the file that people look for. */
export const CERTIFICATE_PATH = '/waystation-ca.crt';

export interface Guide {
  readonly title: string;
  /** HTML without anything from outside. */
  readonly steps: readonly string[];
  readonly note?: string;
}

const FILE = `<strong>${CERTIFICATE_PATH.slice(1)}</strong>`;
const CHECK =
  '<p>Come back to this page.</p><p><button class="button" type="button" data-check>Check again</button></p>';

const download = (more: string) =>
  `<p>Download the certificate.</p><p><a class="button second" href="${CERTIFICATE_PATH}">Download certificate</a></p>${more}`;

export const GUIDES: Readonly<Record<System, Guide>> = {
  android: {
    title: 'Android',
    steps: [
      download(
        '<p class="soft">If the browser warns about the file, choose <strong>Keep</strong> or <strong>Download anyway</strong>.</p>',
      ),
      `<p>Open the <strong>Settings</strong> app of the phone and search for <strong>certificate</strong>.</p>
<p class="path">Without the search: Security &amp; privacy → More security settings → Encryption &amp; credentials → Install a certificate.
Makers word it differently.</p>`,
      '<p>Tap <strong>CA certificate</strong>, not “VPN &amp; app” or “Wi-Fi”. The phone warns: tap <strong>Install anyway</strong>.</p>',
      '<p>Confirm with your screen lock. A phone without one asks you to set one first.</p>',
      `<p>Pick the file ${FILE}. It is in Downloads.</p>`,
      CHECK,
    ],
    note: 'Android may say from now on that the network “may be monitored”. It says so about every certificate that a person adds. To take it back: Settings, search for <strong>trusted credentials</strong>, User, Waystation.',
  },
  iphone: {
    title: 'iPhone and iPad (not tested by us)',
    steps: [
      `In Safari, <a href="${CERTIFICATE_PATH}">download the certificate</a> and tap Allow.`,
      'Settings → General → VPN &amp; Device Management → the profile “Waystation” → Install.',
      'Settings → General → About → Certificate Trust Settings → switch it on.',
      'Come back to this page and press Check again.',
    ],
  },
  windows: {
    title: 'Windows (Chrome, Edge)',
    steps: [
      `<a href="${CERTIFICATE_PATH}">Download the certificate</a> and open the file.`,
      'Install Certificate → Current User → Place all certificates in the following store → Browse → Trusted Root Certification Authorities → Finish.',
      'Windows warns and asks: answer Yes.',
      'Come back to this page and press Check again.',
    ],
  },
  mac: {
    title: 'Mac (Chrome, Safari)',
    steps: [
      `<a href="${CERTIFICATE_PATH}">Download the certificate</a> and open the file: Keychain Access adds it to the login keychain.`,
      'Double-click “Waystation” there → Trust → When using this certificate: Always Trust.',
      'Come back to this page and press Check again.',
    ],
  },
  linux: {
    title: 'Linux and ChromeOS (Chrome, Chromium)',
    steps: [
      `<a href="${CERTIFICATE_PATH}">Download the certificate</a>.`,
      'Open chrome://certificate-manager → Local certificates → Custom → Installed by you → Trusted certificates → Import. In older versions: chrome://settings/certificates → Authorities → Import, and tick “Trust this certificate for identifying websites”.',
      'Come back to this page and press Check again.',
    ],
  },
  firefox: {
    title: 'Firefox',
    steps: [
      `On a computer: <a href="${CERTIFICATE_PATH}">open the certificate</a> and tick “Trust this CA to identify websites”.`,
      'On Android: Firefox leaves certificates of the phone out. Use Chrome, where this app is tested.',
      'Come back to this page and press Check again.',
    ],
  },
};

/** The system that a browser says it runs on; most who come here hold an Android phone. */
export function systemOf(userAgent: string | undefined): System {
  const agent = (userAgent ?? '').slice(0, MAX_AGENT_CHARS);
  if (/android/i.test(agent)) return 'android';
  if (/iphone|ipad|ipod/i.test(agent)) return 'iphone';
  if (/firefox\//i.test(agent)) return 'firefox';
  if (/windows/i.test(agent)) return 'windows';
  if (/macintosh/i.test(agent)) return 'mac';
  if (/linux|cros/i.test(agent)) return 'linux';
  return 'android';
}

/** Real ones have about 150. */
const MAX_AGENT_CHARS = 1_000;

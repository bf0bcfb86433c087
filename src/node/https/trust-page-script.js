/**
 * Runs in the trust page, as it stands here. Asks whether this device reaches the relay under HTTPS already, and if so goes there. What
 * follows the # in the address (an invite) goes along; it is sent to nobody.
 *
 * A “no” is never the last word: a network that has just been joined changes for some seconds, and browsers abort what is asked meanwhile.
 */
(() => {
  const { secure, byAddress, plain, host, here } = document.body.dataset;
  const status = document.getElementById('status');
  const buttons = document.querySelectorAll('[data-check]');
  /** A name that nobody answers for is given up by the slowest systems after about five seconds. */
  const PATIENCE_MS = 8000;
  /** What fails sooner may have been aborted, and is asked once more after a pause. */
  const SOON_MS = 2000;
  const PAUSE_MS = 1000;
  /** Between questions that nobody asked for. */
  const LISTEN_MS = 4000;
  /** A page that was gone to is here by then. */
  const OPEN_MS = 20_000;
  let checking = false;
  let leaving = false;
  let asked = 0;

  const rest = () => location.pathname + location.search + location.hash;
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** True when this very relay answers there. */
  async function answersNow(base) {
    if (!base) return false;
    try {
      const response = await fetch(`${base}/healthz`, {
        cache: 'no-store',
        credentials: 'omit',
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      return (await response.json()).host === host;
    } catch {
      return false;
    }
  }

  async function answers(base) {
    const since = performance.now();
    if (await answersNow(base)) return true;
    if (!base || performance.now() - since > SOON_MS) return false;
    await pause(PAUSE_MS);
    return answersNow(base);
  }

  function show(id, visible) {
    const element = document.getElementById(id);
    if (element) element.hidden = !visible;
  }

  function open() {
    leaving = true;
    status.textContent = 'This device trusts the relay. Opening the app …';
    location.replace(secure + rest());
    setTimeout(() => {
      status.textContent =
        'The app does not open. Check that this device is in the relay’s network, then check again.';
      ready();
      leaving = false;
    }, OPEN_MS);
  }

  function ready() {
    for (const button of buttons) button.removeAttribute('aria-disabled');
    checking = false;
  }

  function tellByAddress() {
    show('by-address', true);
    show('no-name', false);
    show('steps', false);
    status.textContent = 'This device trusts the relay, but does not find it by its name.';
  }

  async function check() {
    if (checking || leaving) return;
    checking = true;
    asked++;
    for (const button of buttons) button.setAttribute('aria-disabled', 'true');
    status.textContent = 'Checking whether this device trusts the relay …';
    const others = Promise.all([answers(byAddress), answers(plain)]);
    if (await answers(secure)) {
      open();
      return;
    }
    const [reachesAddress, findsName] = await others;
    if (reachesAddress) tellByAddress();
    else {
      show('by-address', false);
      show('no-name', !findsName);
      show('steps', true);
      status.textContent =
        asked === 1
          ? 'This device does not trust the relay yet. Follow the steps, then check again.'
          : 'Not yet. If you did every step: close the browser completely, then scan the code or open the link again.';
    }
    ready();
  }

  /** Asks on its own while the page is looked at, and says something only when the answer is a better one. */
  async function listen() {
    for (;;) {
      await pause(LISTEN_MS);
      if (checking || leaving || document.visibilityState !== 'visible') continue;
      if (await answersNow(secure)) {
        // Somebody may have asked by hand meanwhile.
        if (!checking && !leaving) open();
      } else if (document.getElementById('by-address').hidden && (await answersNow(byAddress))) {
        if (!checking && !leaving) tellByAddress();
      }
    }
  }

  for (const link of document.querySelectorAll('[data-goes-to]'))
    link.addEventListener('click', () => {
      link.href = link.dataset.goesTo + rest();
    });
  for (const button of buttons)
    button.addEventListener('click', () => {
      // The lower button is out of sight of what it finds out.
      status.scrollIntoView({ block: 'center' });
      void check();
    });
  // Back from the settings.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void check();
  });
  if (here) location.replace(here + rest());
  else {
    void check();
    void listen();
  }
})();

/**
 * Runs in the trust page, as it stands here. Asks whether this device reaches the relay under HTTPS already, and if so goes there. What
 * follows the # in the address (an invite) goes along; it is sent to nobody.
 */
(() => {
  const { secure, byAddress, plain, host, here } = document.body.dataset;
  const status = document.getElementById('status');
  const buttons = document.querySelectorAll('[data-check]');
  /** A name that nobody answers for is given up by the slowest systems after about five seconds. */
  const PATIENCE_MS = 8000;
  let checking = false;
  let asked = 0;

  const rest = () => location.pathname + location.search + location.hash;

  /** True when this very relay answers there. */
  async function answers(base) {
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

  function show(id, visible) {
    const element = document.getElementById(id);
    if (element) element.hidden = !visible;
  }

  async function check() {
    if (checking) return;
    checking = true;
    asked++;
    for (const button of buttons) button.setAttribute('aria-disabled', 'true');
    status.textContent = 'Checking whether this device trusts the relay …';
    const others = Promise.all([answers(byAddress), answers(plain)]);
    if (await answers(secure)) {
      status.textContent = 'This device trusts the relay. Opening the app …';
      location.replace(secure + rest());
      return;
    }
    const [reachesAddress, findsName] = await others;
    show('by-address', reachesAddress);
    show('no-name', !reachesAddress && !findsName);
    show('steps', !reachesAddress);
    if (reachesAddress)
      status.textContent = 'This device trusts the relay, but does not find it by its name.';
    else if (asked === 1)
      status.textContent = 'This device does not trust the relay yet. Follow the steps, then check again.';
    else
      status.textContent =
        'Not yet. If you did every step: close the browser completely, then scan the code or open the link again.';
    for (const button of buttons) button.removeAttribute('aria-disabled');
    checking = false;
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
  else void check();
})();

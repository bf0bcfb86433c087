/** What an invite is, before it is taken: what this device will be able to do, for how long it lets devices in, and where they meet. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { type InviteStanding, type InviteTerms, standingOf } from '../parts/scanned.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { timeText, zoneAt } from '../parts/words.ts';
import { roleWords } from '../people/role-words.ts';

export class InviteCard extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      .promise {
        font-size: 1.1875rem;
        font-weight: 600;
      }
      .box {
        border: var(--ws-border) solid var(--ws-line);
        border-inline-start: 6px solid var(--ws-accent);
        border-radius: var(--ws-radius-small);
        padding: 14px 16px;
        margin-block-end: 16px;
        background: var(--ws-ground);
      }
      .box.trouble {
        border-inline-start-color: var(--ws-warn);
      }
      p:last-child {
        margin: 0;
      }
    `,
  ];
  static override properties = { terms: { attribute: false }, nowMs: { attribute: false } };

  declare terms: InviteTerms;
  /** By this device's clock. */
  declare nowMs: number;

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.nowMs = Date.now();
  }

  protected override render(): TemplateResult {
    const { role, uses, expiresMs, hosts } = this.terms;
    const standing = standingOf(this.terms, this.nowMs);
    const until = timeText(expiresMs);
    return html`
      <div class=${standing === 'open' ? 'box' : 'box trouble'}>
        <p class="promise">${roleWords(role).promise}</p>
        ${standing === 'open' ? nothing : html`<p class="warn" role="alert">${clockText(standing, this.terms, this.nowMs)}</p>`}
        <p class="soft" ?hidden=${standing === 'ended'}>
          ${
            uses === 1
              ? msg(str`For one device, until ${until} (${zoneAt(expiresMs)}).`)
              : msg(str`For up to ${uses} devices, until ${until} (${zoneAt(expiresMs)}).`)
          }
          ${hosts[0] === undefined ? nothing : msg(str`The devices meet at ${hosts[0]}.`)}
        </p>
      </div>
    `;
  }
}

/** What is wrong with its time, and whose clock may be the reason. */
export function clockText(standing: InviteStanding, terms: InviteTerms, nowMs: number): string {
  const now = `${timeText(nowMs)} (${zoneAt(nowMs)})`;
  if (standing === 'ended') {
    return msg(
      str`This invite ended on ${timeText(terms.expiresMs)} (${zoneAt(terms.expiresMs)}). This device’s clock says ${now}: if that is right, ask for a new invite; if it is wrong, set the clock and try again.`,
    );
  }
  return msg(
    str`This invite was made on ${timeText(terms.issuedMs)} (${zoneAt(terms.issuedMs)}), but this device’s clock says ${now}. One of the two clocks is wrong. Set this device’s clock before you record: the recordings would carry the wrong time.`,
  );
}

customElements.define('invite-card', InviteCard);

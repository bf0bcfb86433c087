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
  static override properties = {
    terms: { attribute: false },
    nowMs: { attribute: false },
    group: { attribute: false },
    ownHost: { attribute: false },
  };

  declare terms: InviteTerms;
  /** By this device's clock. */
  declare nowMs: number;
  /** Its name, where the relay that keeps it told. */
  declare group: string | null;
  /** The relay that this page came from, as `host` or `host:port`, where the group can meet as well; null when none is known. */
  declare ownHost: string | null;

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.nowMs = Date.now();
    this.group = null;
    this.ownHost = null;
  }

  protected override render(): TemplateResult {
    const { role, uses, expiresMs, hosts } = this.terms;
    const standing = standingOf(this.terms, this.nowMs);
    const until = timeText(expiresMs);
    return html`
      <div class=${standing === 'open' ? 'box' : 'box trouble'}>
        ${this.group === null ? nothing : html`<p>${msg(str`To the group “${this.group}”.`)}</p>`}
        <p class="promise">${roleWords(role).promise}</p>
        ${standing === 'open' ? nothing : html`<p class="warn" role="alert">${clockText(standing, this.terms, this.nowMs)}</p>`}
        <p class="soft" ?hidden=${standing === 'ended'}>
          ${
            uses === 1
              ? msg(str`For one device, until ${until} (${zoneAt(expiresMs)}).`)
              : msg(str`For up to ${uses} devices, until ${until} (${zoneAt(expiresMs)}).`)
          }
          ${meetingText(hosts, this.ownHost)}
        </p>
      </div>
    `;
  }
}

/** Where the devices meet: a name may not be found by this one, and the address it has reached does as well. */
export function meetingText(hosts: readonly string[], ownHost: string | null): string {
  const [first] = hosts;
  if (first === undefined) return '';
  return ownHost === null || hosts.includes(ownHost)
    ? msg(str`The devices meet at ${first}.`)
    : msg(
        str`The devices meet at ${first}. If this device does not find that, it meets them at ${ownHost}, where this page came from.`,
      );
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

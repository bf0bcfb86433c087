/** Before a device stays whose file exists: it may live at the new address already, and would then live twice. */
import { msg } from '@lit/localize';
import { html, type TemplateResult } from 'lit';
import '@awesome.me/webawesome/dist/components/button/button.js';
import type { AppModel } from '../model/app-model.ts';
import type { Attempt } from '../parts/attempt.ts';

export function stayingWarning(staying: Attempt, model: AppModel, onLeave: () => void): TemplateResult {
  return html`
    <div class="warning" role="alert">
      <p><strong>${msg('Has it been opened at the new address?')}</strong></p>
      <p>
        ${msg('Then let it live there. If one device lives in two places, nothing that either records is lost, but others take them for one: they see only one of the two at a time, and its hours come from both.')}
      </p>
      <p>${msg('If the file was never opened, stay here and delete the file.')}</p>
    </div>
    ${staying.trouble()}
    <div class="buttons">
      <wa-button
        variant="danger"
        appearance="outlined"
        ?loading=${staying.busy}
        @click=${() => staying.run(() => model.moving.stay())}
        >${msg('It was never opened there: stay here')}</wa-button
      >
      <wa-button appearance="outlined" @click=${onLeave}>${msg('Leave it as it is')}</wa-button>
    </div>
  `;
}

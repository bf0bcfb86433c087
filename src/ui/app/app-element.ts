/**
 * The page's frame: the bar of the five places, what needs saying wherever one is, and the place itself, whose code is loaded when
 * it is first shown. Before this device is in a group there are the doors instead.
 */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { ChartLine, CircleDot, Gauge, UsersRound, Waypoints } from 'lucide';
import { loadPart } from '../../core/load-part.browser.ts';
import { HandedFiles } from '../file/handed-files.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { icon } from '../parts/icon.ts';
import '../parts/patient-wait.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { sentence } from '../parts/words.ts';
import { appStyles } from './app-styles.ts';
import { PLACES, type Place, type Router, routeHash } from './router.ts';

const ICONS = {
  now: Gauge,
  record: CircleDot,
  data: ChartLine,
  mesh: Waypoints,
  people: UsersRound,
} as const;

/** What a place is called in the bar. */
function placeName(place: (typeof PLACES)[number]): string {
  switch (place) {
    case 'now':
      return msg('Now');
    case 'record':
      return msg('Record');
    case 'data':
      return msg('Data');
    case 'mesh':
      return msg('Network');
    case 'people':
      return msg('Devices');
  }
}

type View = (model: AppModel, state: AppState, router: Router, files: HandedFiles) => TemplateResult;

/** Each place's code, loaded when it is first shown. */
const VIEWS: Readonly<
  Partial<
    Record<
      Place | 'welcome' | 'recovery' | 'moving' | 'elsewhere' | 'standing',
      (model: AppModel) => Promise<View>
    >
  >
> = {
  moving: async () => {
    await import('../moving/moving-view.ts');
    return (model, state) => html`<moving-view .model=${model} .state=${state}></moving-view>`;
  },
  elsewhere: async () => {
    await import('../welcome/elsewhere-view.ts');
    return (model, state) => html`<elsewhere-view .model=${model} .state=${state}></elsewhere-view>`;
  },
  standing: async () => {
    await import('../people/standing-card.ts');
    return (model, state, router) =>
      html`<standing-card .model=${model} .state=${state} .place=${router.route.place}></standing-card>`;
  },
  welcome: async () => {
    await import('../welcome/welcome-view.ts');
    return (model, state, router) =>
      html`<welcome-view .model=${model} .state=${state} .router=${router}></welcome-view>`;
  },
  recovery: async () => {
    await import('../welcome/recovery-view.ts');
    return (model, state) => html`<recovery-view .model=${model} .state=${state}></recovery-view>`;
  },
  now: async () => {
    await import('../now/now-place.ts');
    return (model, state, router) =>
      html`<now-place .model=${model} .state=${state} .router=${router}></now-place>`;
  },
  record: async () => {
    await import('../record/record-place.ts');
    return (model, state) => html`<record-place .model=${model} .state=${state}></record-place>`;
  },
  data: async (model) => {
    await Promise.all([import('../data/data-place.ts'), model.loadData()]);
    return (model, state, router) =>
      html`<data-place .model=${model} .state=${state} .router=${router}></data-place>`;
  },
  file: async (model) => {
    await Promise.all([import('../file/file-place.ts'), model.loadData()]);
    return (model, _state, _router, files) => html`<file-place .model=${model} .files=${files}></file-place>`;
  },
  mesh: async () => {
    await import('../mesh/mesh-place.ts');
    return (model, state) => html`<mesh-place .model=${model} .state=${state}></mesh-place>`;
  },
  people: async () => {
    await import('../people/people-place.ts');
    return (model, state, router) =>
      html`<people-place .model=${model} .state=${state} .router=${router}></people-place>`;
  },
};

type ViewName = keyof typeof VIEWS;

export class AppElement extends LitElement {
  static override styles = [SHARED_STYLES, appStyles];

  model: AppModel | undefined;
  router: Router | undefined;
  /** What the system opened the app with. */
  readonly files = new HandedFiles();
  readonly #views = new Map<ViewName, View>();
  readonly #failed = new Set<ViewName>();
  /** What was asked for again by hand. */
  readonly #retried = new Set<ViewName>();
  #focusMain = false;
  #shownPlace: Place | undefined;
  #broken: 'unloaded' | 'forbidden' | undefined;
  readonly #changed = (): void => this.requestUpdate();
  readonly #moved = (): void => {
    // Another part of the same place, such as a stretch of time, leaves the reader where they are.
    this.#focusMain ||= this.router?.route.place !== this.#shownPlace;
    this.#shownPlace = this.router?.route.place;
    this.requestUpdate();
  };

  constructor() {
    super();
    updateWhenLocaleChanges(this);
  }

  /** Gives the page its router; called once by the composition root. */
  frame(router: Router): void {
    this.router = router;
    this.#shownPlace = router.route.place;
    router.addEventListener('change', this.#moved);
    this.requestUpdate();
  }

  /** Gives the page its model; called once by the composition root. */
  use(model: AppModel): void {
    this.model = model;
    model.addEventListener('change', this.#changed);
    this.requestUpdate();
  }

  /** The model could not be loaded, or the browser keeps nothing for this page. */
  fail(why: 'unloaded' | 'forbidden'): void {
    this.#broken = why;
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.model?.removeEventListener('change', this.#changed);
    this.router?.removeEventListener('change', this.#moved);
  }

  protected override render(): TemplateResult {
    const { model, router } = this;
    const inGroup = model?.state.phase === 'ready' && model.state.recovery !== 'open';
    return html`
      <div class=${inGroup ? 'frame with-bar' : 'frame'}>
        ${inGroup && router !== undefined ? this.#bar(model.state, router) : nothing}
        <main id="main" tabindex="-1">
          ${this.#content(model, router)}
        </main>
      </div>
    `;
  }

  protected override firstUpdated(): void {
    // What index.html showed until now is drawn over, and not to be found any more.
    this.replaceChildren();
  }

  protected override updated(): void {
    const group = this.model?.state.spaceName ?? null;
    document.title = group === null ? 'Waystation' : `${group} – Waystation`;
    if (!this.#focusMain) return;
    this.#focusMain = false;
    scrollTo(0, 0);
    this.renderRoot.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
  }

  #skip(): void {
    this.renderRoot.querySelector<HTMLElement>('main')?.focus();
  }

  #content(model: AppModel | undefined, router: Router | undefined): TemplateResult {
    if (this.#broken === 'forbidden') return forbidden();
    if (this.#broken === 'unloaded') return unloaded();
    return model === undefined || router === undefined ? starting() : this.#body(model, router);
  }

  #bar(state: AppState, router: Router): TemplateResult {
    return html`
      <nav aria-label=${msg('Places')}>
        <button class="skip" @click=${this.#skip}>${msg('Skip to the content')}</button>
        <p class="group"><strong>Waystation</strong><span class="soft">${state.spaceName ?? nothing}</span></p>
        <ul>
          ${PLACES.map(
            (place) => html`
              <li>
                <a href=${routeHash(place)} aria-current=${router.route.place === place ? 'page' : nothing}>
                  ${icon(ICONS[place])}
                  <span>${placeName(place)}</span>
                  ${place === 'record' && state.recording !== null ? html`<span class="dot" title=${msg('Recording')}></span>` : nothing}
                </a>
              </li>
            `,
          )}
        </ul>
      </nav>
    `;
  }

  #body(model: AppModel, router: Router): TemplateResult {
    const { state } = model;
    return html`
      ${
        state.notice === null
          ? nothing
          : html`<section class="notice" role="alert">
              <p>${sentence(state.notice)}</p>
              <button @click=${() => model.dismissNotice()}>${msg('OK')}</button>
            </section>`
      }
      ${newVersion(model)} ${this.#recovery(model, state)} ${this.#standing(model, state, router)}
      ${this.#place(model, state, router)}
    `;
  }

  /** The recovery words of a group made here are not written down yet, or are gone. */
  #recovery(model: AppModel, state: AppState): TemplateResult | typeof nothing {
    if (state.phase !== 'ready' || (state.recovery !== 'waiting' && state.recovery !== 'lost'))
      return nothing;
    if (!this.#views.has('recovery')) return this.#unseen('recovery', model);
    return html`<recovery-card .model=${model} .state=${state}></recovery-card>`;
  }

  /** A link for another group, or this device’s own standing in the one it is in: said at whatever place is open. */
  #standing(model: AppModel, state: AppState, router: Router): TemplateResult | typeof nothing {
    const isWell = state.admitted && state.refusal === null && !state.isOtherGroupsLink;
    if (state.phase !== 'ready' || state.recovery === 'open' || isWell) return nothing;
    // Where one does something about it, nothing is said again.
    if (router.route.place === 'people' && router.route.params.has('show')) return nothing;
    const view = this.#views.get('standing');
    return view === undefined ? this.#unseen('standing', model) : view(model, state, router, this.files);
  }

  /** A card that is not loaded yet leaves its place empty; one that cannot be loaded says so. */
  #unseen(name: ViewName, model: AppModel): TemplateResult | typeof nothing {
    if (this.#failed.has(name)) return unloaded(() => this.#retry(name, model));
    void this.#load(name, model);
    return nothing;
  }

  #place(model: AppModel, state: AppState, router: Router): TemplateResult {
    if (state.phase === 'starting') return starting();
    const isElsewhere = state.phase === 'failed' && state.openElsewhere !== null;
    if (state.phase === 'failed' && !isElsewhere) return failed(state.failure ?? '');
    const { place } = router.route;
    const name = isElsewhere
      ? 'elsewhere'
      : state.recovery === 'open'
        ? 'recovery'
        : state.phase === 'no-space'
          ? 'welcome'
          : state.phase === 'moving'
            ? 'moving'
            : place;
    // What another app shared is being taken up; it says itself where it is shown.
    if (name === 'share') return loading(model);
    const view = this.#views.get(name);
    if (view !== undefined) return view(model, state, router, this.files);
    if (this.#failed.has(name)) return unloaded(() => this.#retry(name, model));
    void this.#load(name, model);
    return loading(model);
  }

  /** Browsers that remember for as long as a page is open what they could not load get a new one, when nothing is recorded. */
  #retry(name: ViewName, { state }: AppModel): void {
    if (this.#retried.has(name) && state.recordingPhase === 'idle') return location.reload();
    this.#retried.add(name);
    this.#failed.delete(name);
    this.requestUpdate();
  }

  readonly #loading = new Set<ViewName>();

  async #load(name: ViewName, model: AppModel): Promise<void> {
    if (this.#loading.has(name)) return;
    this.#loading.add(name);
    try {
      const view = await loadPart(async () => VIEWS[name]?.(model));
      if (view !== undefined) this.#views.set(name, view);
      else this.#failed.add(name);
    } catch {
      this.#failed.add(name);
    } finally {
      this.#loading.delete(name);
      this.requestUpdate();
    }
  }
}

/** A newer version waits. It is never used by itself, and never while something is recorded. */
function newVersion(model: AppModel): TemplateResult | typeof nothing {
  if (model.device.version?.update !== 'waiting') return nothing;
  if (model.state.recordingPhase !== 'idle') {
    return html`<p class="soft update" role="status">
      ${msg('A new version of the app is ready. It can be used once you stop recording.')}
    </p>`;
  }
  return html`<section class="update" role="status">
    <p>${msg('A new version of the app is ready.')}</p>
    <button @click=${() => model.device.applyUpdate()}>${msg('Use it now')}</button>
  </section>`;
}

/** The storage could not be opened. */
function failed(why: string): TemplateResult {
  return html`<section role="alert">
    <h1>${msg('Waystation cannot start here')}</h1>
    <p>${sentence(why)}</p>
    <button class="main" @click=${() => location.reload()}>${msg('Try again')}</button>
  </section>`;
}

/** The browser lets this page keep nothing. */
function forbidden(): TemplateResult {
  return html`<section role="alert">
    <h1>${msg('This browser keeps nothing for this page')}</h1>
    <p>
      ${msg(
        'Nothing can be recorded where nothing may be kept. Allow this address to save data (in the browser’s settings: site data, or cookies), and try again.',
      )}
    </p>
    <button class="main" @click=${() => location.reload()}>${msg('Try again')}</button>
  </section>`;
}

/** Some of the page's code is not there, and cannot be fetched. */
function unloaded(retry = () => location.reload()): TemplateResult {
  return html`<section role="alert">
    <h1>${msg('This part could not be loaded')}</h1>
    <p>${msg('It is not on this device yet. Go to where this page’s address can be reached, and try again.')}</p>
    <button class="main" @click=${retry}>${msg('Try again')}</button>
  </section>`;
}

function loading({ state }: AppModel): TemplateResult {
  return html`<patient-wait .isRecording=${state.recordingPhase !== 'idle'}>${msg('One moment …')}</patient-wait>`;
}

function starting(): TemplateResult {
  return html`<patient-wait>${msg('Opening this device’s storage …')}</patient-wait>`;
}

customElements.define('waystation-app', AppElement);

/** Moving to another address, on both sides and in every state; see framed-page.ts. */
import { WaystationError } from '../../src/core/errors.ts';
import { parseMovingWords } from '../../src/station/moving-words.ts';
import type { AppState } from '../../src/ui/model/app-state.ts';
import type { MovingState } from '../../src/ui/model/moving.ts';
import { findDeep, offerScenes, type Scene } from './framed-page.ts';

const nowMs = Date.now();
const WORDS = 'abandon ability able about above absent';
const TO = 'https://raspberrypi.local:8443';

const STATE: MovingState = {
  leaving: null,
  work: null,
  packedBytes: null,
  identityMoves: true,
  sizes: { everything: 1.4e9, withoutRecordings: 220_000 },
};

function scene(
  moving: Partial<MovingState>,
  state: Partial<AppState> = {},
  reach?: NonNullable<Scene['reach']>,
): Scene {
  return {
    place: 'now',
    state: { phase: 'moving', ...state },
    parts: {
      moving: {
        state: { ...STATE, ...moving },
        makeWords: async () => WORDS,
        fileName: () => 'Window 2026-11-21.wsmove',
        unpack: async (_file: unknown, words: string) => {
          await parseMovingWords(words);
          throw new WaystationError('forbidden', 'these are not the words of this file: look at them again');
        },
      },
    },
    ...(reach === undefined ? {} : { reach }),
  };
}

const leaving = (phase: 'packing' | 'packed' | 'moved', to: string | null = null) => ({
  leaving: { phase, to, sinceMs: nowMs - 3_600_000 },
});
const work = (share: number) => ({
  work: { doneBytes: share * 1.4e9, totalBytes: 1.4e9, sinceMs: performance.now() - 60_000 },
});
/** Taps the button with these words. */
const tap = (words: string) => (place: HTMLElement) => {
  for (const selector of ['leaving-view', 'moved-view', 'moving-view']) {
    const view = place.matches(selector) ? place : findDeep<HTMLElement>(place.shadowRoot ?? place, selector);
    for (const button of view?.shadowRoot?.querySelectorAll<HTMLElement>('wa-button') ?? [])
      if (button.textContent?.includes(words) === true) return button.click();
  }
  throw new Error(`no button says ${words}`);
};

/** Chooses a file and types these words. */
const bring = (words: string) => async (place: HTMLElement) => {
  const view = findDeep<HTMLElement & { file: File }>(place.shadowRoot ?? place, 'arriving-view');
  if (view === undefined) throw new Error('there is no way in');
  view.file = new File([new Uint8Array(2_000_000)], 'Window 2026-11-21.wsmove');
  const field = findDeep<HTMLTextAreaElement>(view.shadowRoot as ShadowRoot, 'wa-textarea[name=words]');
  if (field !== undefined) field.value = words;
  for (const one of [view, field])
    await (one as (HTMLElement & { updateComplete?: Promise<unknown> }) | undefined)?.updateComplete;
  view.shadowRoot?.querySelector('form')?.requestSubmit();
  await new Promise((next) => setTimeout(next, 100));
};

offerScenes('moving-view', {
  resting: () => scene(leaving('packing')),
  locked: () => scene({ ...leaving('packing'), identityMoves: false }),
  writing: () => scene({ ...leaving('packing'), ...work(0.4) }),
  packed: () => scene({ ...leaving('packed'), packedBytes: 1.4e9 }),
  'packed-before': () => scene(leaving('packed')),
  'staying-warning': () =>
    scene({ ...leaving('packed'), packedBytes: 1.4e9 }, {}, tap('Stay here after all')),
  moved: () => scene(leaving('moved', TO)),
  'moved-undo': () => scene(leaving('moved', TO), {}, tap('Undo')),
  arriving: () => scene({}),
  'arriving-progress': () => scene(work(0.65)),
  'wrong-words': () => scene({}, {}, bring(`${WORDS.slice(0, -6)}ability`)),
  'not-a-word': () => scene({}, {}, bring(WORDS.replace('able', 'abel'))),
});

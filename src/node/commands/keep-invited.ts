/**
 * Looks after the invite that a relay shows: when it is withdrawn, used up or over, another takes its place and is shown, so that the
 * code on the screen is never one that nobody can use without a word.
 */
import type { WaystationNode } from '../../station/node.ts';
import type { Space } from '../../station/space.ts';
import { grantStateOf, type StandingInvite } from './standing-invite.ts';

/** Whoever withdraws an invite is just changing keys, too, and what is made meanwhile would do that twice. */
const SETTLING_MS = 1_000;
/** How soon it is tried again when no other invite could be made, as on a full disk. */
const RETRY_MS = 60_000;

const ENDS: ReadonlyMap<string, string> = new Map([
  ['spent', 'As many devices as it was good for have come by that invite. Here is another one.'],
  ['expired', 'That invite is over. Here is another one.'],
  ['none', 'Now an invite could be made.'],
]);
const WITHDRAWN =
  'That invite was withdrawn, as it is when a device that came by it is removed. Here is another one.';

export interface KeepInvitedOptions {
  readonly node: WaystationNode;
  readonly space: Space;
  /** What is shown now; undefined when none could be made yet. */
  readonly shown: StandingInvite | undefined;
  /** Makes another invite and shows it, with `why` before it; undefined when none could be made, which it has said. */
  readonly replace: (why: string) => Promise<StandingInvite | undefined>;
  readonly stopped: AbortSignal;
}

/** Goes on until `stopped` aborts, and leaves no timer behind. */
export function keepInvited({ node, space, shown: first, replace, stopped }: KeepInvitedOptions): void {
  const { clock } = node.ports;
  let shown = first;
  let cancel: () => void = () => undefined;
  let isReplacing = false;
  const lookIn = (ms: number) => {
    cancel();
    if (!stopped.aborted) cancel = clock.schedule(ms, look);
  };
  const status = () =>
    shown === undefined ? 'none' : (grantStateOf(space, shown.link)?.status ?? 'withdrawn');
  const wait = () =>
    lookIn(shown === undefined ? RETRY_MS : Math.max(SETTLING_MS, shown.expiresMs - clock.nowMs() + 1));
  const look = () => {
    const ended = status();
    if (ended === 'open') return wait();
    isReplacing = true;
    replace(ENDS.get(ended) ?? WITHDRAWN)
      .then((next) => {
        isReplacing = false;
        shown = next;
        wait();
      })
      .catch(() => undefined);
  };
  const stopListening = node.onNotice((notice) => {
    const isNews = notice.kind === 'entries' && notice.space === space.id;
    if (isNews && !isReplacing && shown !== undefined && status() !== 'open') lookIn(SETTLING_MS);
  });
  stopped.addEventListener(
    'abort',
    () => {
      cancel();
      stopListening();
    },
    { once: true },
  );
  wait();
}

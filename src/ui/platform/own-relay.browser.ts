/**
 * Whether a relay serves this page, and where others reach it: a page from any other server has no meeting point of its own. Asked of
 * `/healthz`, which only relays answer like that. The answer is bounded before it is used: it ends up in invites.
 */
import * as v from 'valibot';
import { MAX_HOST_LENGTH, MAX_INVITE_HOSTS } from '../../identity/invite.ts';

export interface OwnRelay {
  /** Where this page meets others: the origin it came from. */
  readonly host: string;
  /** Where others open the app and meet; null when nobody else reaches the relay. */
  readonly reach: { readonly url: string; readonly hosts: readonly string[] } | null;
}

/** An answer of `/healthz` is a few hundred bytes. */
const MAX_ANSWER_CHARS = 16_384;

const schema = v.object({
  ok: v.literal(true),
  reach: v.optional(
    v.object({
      url: v.pipe(v.string(), v.maxLength(MAX_HOST_LENGTH), v.regex(/^https?:\/\/\S+$/)),
      hosts: v.pipe(
        v.array(v.pipe(v.string(), v.maxLength(MAX_HOST_LENGTH), v.regex(/^wss?:\/\/\S+$/))),
        v.maxLength(MAX_INVITE_HOSTS),
      ),
    }),
  ),
});

/** What a relay's answer says; null when it is none. */
export function readRelayAnswer(page: URL, text: string): OwnRelay | null {
  if (text.length > MAX_ANSWER_CHARS) return null;
  const said = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (!said.success) return null;
  return {
    host: `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}`,
    reach: said.output.reach ?? null,
  };
}

/** Asks the server that this page came from. Null without a network, too. */
export async function askOwnRelay(): Promise<OwnRelay | null> {
  const page = new URL(location.href);
  if (page.protocol !== 'http:' && page.protocol !== 'https:') return null;
  try {
    const answer = await fetch(new URL('./healthz', page), { cache: 'no-store' });
    return readRelayAnswer(page, await answer.text());
  } catch {
    return null;
  }
}

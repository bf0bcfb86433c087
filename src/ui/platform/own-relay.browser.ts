/**
 * Whether a relay serves this page, and where others reach it: a page from any other server has no meeting point of its own. Asked of
 * `/healthz`, which only relays answer like that. The answer is bounded before it is used: it ends up in invites.
 */
import * as v from 'valibot';
import { isMeetingPlace, MAX_HOST_LENGTH, MAX_INVITE_HOSTS, MAX_LINK_LENGTH } from '../../identity/invite.ts';

export interface OwnRelay {
  /** Where this page meets others: the origin it came from. */
  readonly host: string;
  /** Where others open the app and meet; null when nobody else reaches the relay. */
  readonly reach: { readonly url: string; readonly hosts: readonly string[] } | null;
  /** The group that it keeps; its name is told on the relay's own computer alone. Null when it keeps none. */
  readonly group: { readonly name: string | null } | null;
}

/** What the relay says of a short code; `no-relay` when this page comes from none, or it is out of reach. */
export type CodeAnswer =
  | { readonly kind: 'invite'; readonly link: string }
  | { readonly kind: 'unknown' | 'wait' | 'no-relay' };

/** A relay that is there answers at once; one that takes a connection and says nothing is none. */
const PATIENCE_MS = 10_000;
/** An answer of `/healthz` is a few hundred bytes. */
const MAX_ANSWER_CHARS = 16_384;
/** As many as an entry may give a group (`MAX_TEXT_CHARS`). */
const MAX_NAME_CHARS = 500;

const schema = v.object({
  ok: v.literal(true),
  reach: v.optional(
    v.object({
      url: v.pipe(v.string(), v.maxLength(MAX_HOST_LENGTH), v.regex(/^https?:\/\/\S+$/)),
      hosts: v.pipe(
        v.array(v.pipe(v.string(), v.maxLength(MAX_HOST_LENGTH), v.check(isMeetingPlace))),
        v.maxLength(MAX_INVITE_HOSTS),
      ),
    }),
  ),
  group: v.optional(v.object({ name: v.nullable(v.pipe(v.string(), v.maxLength(MAX_NAME_CHARS))) })),
});

const codeSchema = v.object({ link: v.nullable(v.pipe(v.string(), v.maxLength(MAX_LINK_LENGTH))) });

/** What a relay's answer says; null when it is none. */
export function readRelayAnswer(page: URL, text: string): OwnRelay | null {
  if (text.length > MAX_ANSWER_CHARS) return null;
  const said = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (!said.success) return null;
  return {
    host: `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}`,
    reach: said.output.reach ?? null,
    group: said.output.group ?? null,
  };
}

/** Asks the server that this page came from. Null without a network, too. */
export async function askOwnRelay(): Promise<OwnRelay | null> {
  const page = new URL(location.href);
  if (page.protocol !== 'http:' && page.protocol !== 'https:') return null;
  try {
    const answer = await fetch(new URL('./healthz', page), {
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return readRelayAnswer(page, await answer.text());
  } catch {
    return null;
  }
}

/** What a relay's answer about a short code says. */
export function readCodeAnswer(status: number, text: string): CodeAnswer {
  if (status === 429) return { kind: 'wait' };
  const said = v.safeParse(
    v.pipe(v.string(), v.maxLength(MAX_ANSWER_CHARS), v.parseJson(), codeSchema),
    text,
  );
  if (!said.success) return { kind: 'no-relay' };
  const { link } = said.output;
  return link === null ? { kind: 'unknown' } : { kind: 'invite', link };
}

/** Asks the relay that this page came from for the invite behind a short code. The code goes in a header, which nobody logs. */
export async function askInviteBehind(code: string): Promise<CodeAnswer> {
  try {
    const answer = await fetch(new URL('./invite', location.href), {
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: { 'waystation-code': code },
    });
    return readCodeAnswer(answer.status, await answer.text());
  } catch {
    return { kind: 'no-relay' };
  }
}

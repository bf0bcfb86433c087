/** What is looked at in a run of entries before it is kept: whose it is, what its author may write, and which signatures. */
import { WaystationError } from '../core/errors.ts';
import type { EntryId, SpaceId } from '../core/ids.ts';
import type { Entry } from '../feed/entry.ts';
import { fitsPurpose } from '../feed/kinds.ts';
import type { AuthorVerdict } from '../identity/membership.ts';
import { ENTRY_BATCH_BYTES } from './limits.ts';
import type { NamedFeed } from './link-names.ts';
import type { Replica } from './replica.ts';

/** @throws WaystationError `bad-chain` when one of them is of another feed or space. */
export function checkFeed(run: readonly Entry[], { author, feed }: NamedFeed, space: SpaceId): void {
  for (const { id, header } of run) {
    const spaceFits = header.space === null ? id === (space as string) : header.space === space;
    if (header.author !== author || header.feed !== feed || !spaceFits)
      throw new WaystationError('bad-chain', 'an entry of another feed or space');
  }
}

/** What speaks for or against the first entry of a run that its author had no right to write, and where it stands; else null. */
export function firstForbidden(
  { space, membership, index }: Replica,
  run: readonly Entry[],
): { readonly at: number; readonly verdict: Exclude<AuthorVerdict, 'yes'> | 'purpose' } | null {
  const verdictOn = ({ header, id }: Entry): AuthorVerdict | 'purpose' => {
    const { author, feed, seq, kind, purpose } = header;
    if (!fitsPurpose(kind, purpose)) return 'purpose';
    const verdict = membership.mayAuthor(author, feed, seq, kind, id);
    if (verdict !== 'yes') return verdict;
    // What leads to where a revoked author was stopped is held: this is another branch, and may be of any age.
    const isBeside = membership.cutsOf(author, feed).some((cuts) => {
      const later = cuts.filter((cut) => cut.seq >= seq);
      return later.length > 0 && later.every((cut) => index.has({ author, feed, seq: cut.seq, id: cut.id }));
    });
    return isBeside ? 'revoked' : 'yes';
  };
  for (const [at, entry] of run.entries()) {
    if (entry.id === (space as string)) continue;
    const verdict = verdictOn(entry);
    if (verdict !== 'yes') return { at, verdict };
  }
  return null;
}

/**
 * The entries of a data run whose own signature is checked, the last one among them: so many that whatever part of the run is
 * served later (see entry-serving) ends at one. The links cover those between.
 */
export function endsToCheck(run: readonly Entry[]): EntryId[] {
  const ends: EntryId[] = [];
  let bytes = 0;
  for (const [i, entry] of run.entries()) {
    bytes += entry.bytes.length;
    const next = run[i + 1];
    if (next !== undefined && bytes + next.bytes.length <= ENTRY_BATCH_BYTES) continue;
    ends.push(entry.id);
    bytes = 0;
  }
  return ends;
}

/** The name under which a relay is found in its own network: one DNS label in `.local` (RFC 6762). */

const DEFAULT_LABEL = 'waystation';
/** A label may have 63 characters; the name shall also fit the 64 of a certificate's common name, with what else stands there. */
const MAX_LABEL_CHARS = 32;
const SUFFIX = '.local';

/** `Köhler's hut` becomes `kohler-s-hut.local`; without a name that can be spelled it is `waystation.local`. */
export function localNameFrom(name: string | undefined): string {
  const label = (name ?? '')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_LABEL_CHARS)
    .replaceAll(/^-+|-+$/g, '');
  return `${label === '' || label === 'localhost' ? DEFAULT_LABEL : label}${SUFFIX}`;
}

/** The label of a `.local` name. */
export function labelOf(localName: string): string {
  return localName.slice(0, -SUFFIX.length);
}

/** Tells a name from one that somebody else has: `waystation.local`, `waystation-2.local` … */
export function suffixedName(localName: string, suffix: string): string {
  return `${labelOf(localName)}-${suffix}${SUFFIX}`;
}

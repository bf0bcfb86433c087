/** How the numbers of one column were printed, so that they can be printed like that again: `20.50` stays `20.50`. */
const FIXED = /^-?(?:0|[1-9]\d*)(?:\.(\d+))?$/;
/** A float64 holds every decimal of so many digits. */
const MAX_DIGITS = 15;

export class PrintedNumbers {
  /** The decimals that all have in common; undefined before the first. */
  #decimals: number | null | undefined;

  /** Every number had so many decimals; null when they differ, one has an exponent or too many digits, or there is none. */
  get decimals(): number | null {
    return this.#decimals ?? null;
  }

  /** Takes note of the text of one number. */
  note(text: string): void {
    if (this.#decimals === null) return;
    const decimals = decimalsOfText(text);
    this.#decimals = decimals === (this.#decimals ?? decimals) ? decimals : null;
  }
}

function decimalsOfText(text: string): number | null {
  const match = FIXED.exec(text);
  if (match === null) return null;
  const [, fraction] = match;
  const digits = text.length - (text.startsWith('-') ? 1 : 0) - (fraction === undefined ? 0 : 1);
  return digits > MAX_DIGITS ? null : (fraction?.length ?? 0);
}

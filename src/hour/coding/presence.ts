/** Which rows of a column have a value, apart from the values. */

/** The values of a column that are there (NaN is missing), and a 1 for each of their rows; null when every row has one. */
export function presentOf(values: Float64Array): { present: Float64Array; presence: Uint8Array | null } {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i] as number)) count++;
  if (count === values.length) return { present: values, presence: null };
  const present = new Float64Array(count);
  const presence = new Uint8Array(values.length);
  let next = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    present[next++] = value;
    presence[i] = 1;
  }
  return { present, presence };
}

/** The values in their rows again, NaN in the others. */
export function spread(present: Float64Array, presence: Uint8Array): Float64Array<ArrayBuffer> {
  const out = new Float64Array(presence.length).fill(Number.NaN);
  let next = 0;
  for (let row = 0; row < presence.length; row++)
    if (presence[row] === 1) out[row] = present[next++] as number;
  return out;
}

/** Checking what strangers send with valibot, so that refusing costs no more than taking it in. */
import * as v from 'valibot';

/** One issue is enough to drop a message; building a list of them costs more than the message. */
export const FIRST_ISSUE = { abortEarly: true, abortPipeEarly: true } as const;

/** A list of at most `max` items, at least `min`. Its length is looked at before its items are. */
export function boundedList<T extends v.GenericSchema>(item: T, max: number, min = 0) {
  const isOfLength = (value: unknown) => Array.isArray(value) && value.length >= min && value.length <= max;
  return v.pipe(v.custom<unknown[]>(isOfLength, `expected a list of ${min} to ${max} items`), v.array(item));
}

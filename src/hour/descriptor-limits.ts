/** What a stream may be called and how wide it may be, checked when it is added, so that its hours can always be written. */
import { WaystationError } from '../core/errors.ts';
import { MAX_CALIBRATION_CHARS, MAX_COLUMNS, MAX_TEXT_CHARS } from './limits.ts';
import type { Step, StreamDescriptor } from './types.ts';

/** @throws WaystationError `limit` when a text or the number of columns is beyond limits.ts. @throws RangeError for a useless step. */
export function checkDescriptor(descriptor: StreamDescriptor): void {
  const { name, driver, device, columns, calibration } = descriptor;
  if (columns.length > MAX_COLUMNS) {
    throw new WaystationError(
      'limit',
      `expected at most ${MAX_COLUMNS} columns in ${short(name)}, got ${columns.length}: split it`,
    );
  }
  checkText(name, MAX_TEXT_CHARS);
  checkText(driver, MAX_TEXT_CHARS);
  checkText(device, MAX_TEXT_CHARS);
  checkText(calibration ?? '', MAX_CALIBRATION_CHARS);
  for (const column of columns) {
    checkText(column.name, MAX_TEXT_CHARS);
    checkText(column.unit, MAX_TEXT_CHARS);
    if (column.step !== null && !isStep(column.step)) {
      throw new RangeError(`expected a step of two finite numbers above zero for ${short(column.name)}`);
    }
  }
}

function checkText(text: string, maxChars: number): void {
  if (text.length > maxChars) {
    throw new WaystationError(
      'limit',
      `expected at most ${maxChars} characters, got ${text.length}: shorten “${short(text)}”`,
    );
  }
}

function isStep({ numerator, denominator }: Step): boolean {
  return [numerator, denominator].every((n) => Number.isFinite(n) && n > 0);
}

function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

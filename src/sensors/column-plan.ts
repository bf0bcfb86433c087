/**
 * What a person says about the columns of a table that is packed: a small JSON object, a key per column as the table's header has it,
 * `{"ax": {"unit": "m/s2", "step": "9.80665/16384", "name": "acceleration x"}}`. What it does not say stays as it was found.
 */
import * as v from 'valibot';
import { WaystationError } from '../core/errors.ts';
import { MAX_DECIMALS, powerOfTen } from '../hour/lattice.ts';
import type { Step } from '../hour/types.ts';

export interface ColumnPlan {
  readonly unit?: string | undefined;
  readonly step?: Step | undefined;
  readonly name?: string | undefined;
}

const schema = v.record(
  v.string(),
  v.strictObject({
    unit: v.optional(v.string()),
    step: v.optional(v.union([v.number(), v.string()])),
    name: v.optional(v.pipe(v.string(), v.minLength(1))),
  }),
);
const NUMBER = /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Reads the JSON. @throws WaystationError `usage` that says what would have been right. */
export function parseColumnPlans(text: string): ReadonlyMap<string, ColumnPlan> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw wrong(`is no JSON: ${(cause as Error).message}`);
  }
  if (Array.isArray(json)) throw wrong('does not fit: it is a list');
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const key = issue.path?.at(-1)?.key;
    if (issue.type === 'strict_object' && typeof key === 'string')
      throw wrong(`does not fit: “${key.slice(0, 40)}” is none of unit, step, name`);
    throw wrong(`does not fit: ${issue.message} at ${v.getDotPath(issue) ?? 'the top'}`);
  }
  return new Map(
    Object.entries(parsed.output).map(([column, { unit, step, name }]) => [
      column,
      { unit, name, step: step === undefined ? undefined : parseStep(step, column) },
    ]),
  );
}

function wrong(what: string): WaystationError {
  return new WaystationError(
    'usage',
    `the file of --columns ${what}. Expected such as {"ax": {"unit": "m/s2", "step": "9.80665/16384", "name": "x"}}`,
  );
}

/** A number is a decimal step where it can be, `n/d` the step of a converter: full scale ÷ counts. */
function parseStep(step: number | string, column: string): Step {
  const parts = typeof step === 'number' ? [String(step)] : step.split('/').map((part) => part.trim());
  const [numerator, denominator = 1] = parts.map((part) => (NUMBER.test(part) ? Number(part) : Number.NaN));
  const isStep = (n: number | undefined): n is number => n !== undefined && Number.isFinite(n) && n > 0;
  if (parts.length > 2 || !isStep(numerator) || !isStep(denominator)) {
    throw wrong(`has no step for “${column.slice(0, 40)}”: got ${JSON.stringify(step).slice(0, 40)}`);
  }
  return denominator === 1 ? decimalStep(numerator) : { numerator, denominator };
}

/** 0.25 as 25 ÷ 100: the multiples of a decimal are exact as quotients, not as products. */
export function decimalStep(size: number): Step {
  for (let decimals = 0; decimals <= MAX_DECIMALS; decimals++) {
    const denominator = powerOfTen(decimals);
    const numerator = Math.round(size * denominator);
    if (numerator >= 1 && numerator <= Number.MAX_SAFE_INTEGER && numerator / denominator === size)
      return { numerator, denominator };
  }
  return { numerator: size, denominator: 1 };
}

/** A step as people write it: `0.01`, `9.80665/16384`. */
export function stepText({ numerator, denominator }: Step): string {
  const size = numerator / denominator;
  const { numerator: n, denominator: d } = decimalStep(size);
  const isDecimal = denominator === 1 || (n === numerator && d === denominator);
  return isDecimal ? String(size) : `${numerator}/${denominator}`;
}

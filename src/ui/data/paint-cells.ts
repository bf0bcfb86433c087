/**
 * Draws hours as cells. What is here is full, what only exists elsewhere is an outline, what is missing is hatched, and a gap is a
 * notch: told by shape, so that no colour is needed.
 */
import type { Colours } from './palette.ts';

export interface PaintedCell {
  /** Pixels from the left. */
  readonly x: number;
  readonly width: number;
  /** Parts of the cell, 0 to 1. */
  readonly held: number;
  readonly known: number;
  readonly missing: number;
  readonly hasGap: boolean;
  /** It stands apart from its neighbours where there is room; a piece of a cell does not. */
  readonly isPiece?: boolean;
}

/** Below this part a state is not drawn: nobody could see it. */
const LEAST_PART = 0.02;
const NOTCH_PX = 6;
/** Of what exists elsewhere: enough to be seen in a strip that is an outline from end to end. */
const EDGE_PX = 2.5;

/** A canvas of `width` × `height` CSS pixels, cleared, at the screen's resolution. */
export function prepared(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const scale = Math.min(devicePixelRatio || 1, 3);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const context = canvas.getContext('2d');
  context?.setTransform(scale, 0, 0, scale, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}

const patterns = new Map<string, CanvasPattern | null>();

function hatch(context: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  let pattern = patterns.get(colour);
  if (pattern === undefined) {
    const tile = document.createElement('canvas');
    tile.width = 6;
    tile.height = 6;
    const inner = tile.getContext('2d');
    if (inner !== null) {
      inner.strokeStyle = colour;
      inner.lineWidth = 1.4;
      for (const shift of [-6, 0, 6]) {
        inner.moveTo(shift, 6);
        inner.lineTo(shift + 6, 0);
      }
      inner.stroke();
    }
    pattern = context.createPattern(tile, 'repeat');
    patterns.set(colour, pattern);
  }
  return pattern ?? colour;
}

/** @param height of the row, CSS pixels. */
export function paintCells(
  context: CanvasRenderingContext2D,
  cells: Iterable<PaintedCell>,
  height: number,
  colours: Colours,
): void {
  const all = [...cells];
  for (const cell of all) paintCell(context, cell, height, colours);
  // Above the cells beside them, which may be narrower than a notch.
  for (const cell of all) if (cell.hasGap) paintNotch(context, cell, height, colours);
}

function paintCell(
  context: CanvasRenderingContext2D,
  { x, width, held, known, missing, isPiece }: PaintedCell,
  height: number,
  colours: Colours,
): void {
  if (held + known + missing < LEAST_PART) return;
  // Narrow cells touch each other, wide ones stand apart.
  const gap = width >= 8 && isPiece !== true ? 2 : 0;
  const left = x + gap / 2;
  const wide = Math.max(1, width - gap);
  let bottom = height;
  const stack = (part: number) => {
    // Of a whole cell: time in which nobody recorded is left blank.
    const tall = part < LEAST_PART ? 0 : Math.max(3, Math.min(1, part) * height);
    bottom -= tall;
    return tall;
  };
  const full = Math.min(height, stack(held));
  if (full > 0) {
    context.fillStyle = colours.accent;
    context.fillRect(left, bottom, wide, full);
  }
  const hollow = Math.min(Math.max(0, bottom), stack(known));
  if (hollow > 0) {
    context.fillStyle = colours.edge;
    const top = Math.max(0, bottom);
    context.fillRect(left, top, wide, EDGE_PX);
    context.fillRect(left, top + hollow - EDGE_PX, wide, EDGE_PX);
    if (gap > 0) {
      context.fillRect(left, top, EDGE_PX, hollow);
      context.fillRect(left + wide - EDGE_PX, top, EDGE_PX, hollow);
    }
  }
  const nothing = Math.min(Math.max(0, bottom), stack(missing));
  if (nothing > 0) {
    context.fillStyle = hatch(context, colours.edge);
    context.fillRect(left, Math.max(0, bottom), wide, nothing);
  }
}

function paintNotch(
  context: CanvasRenderingContext2D,
  { x, width }: PaintedCell,
  height: number,
  colours: Colours,
): void {
  const size = Math.min(NOTCH_PX, Math.max(5, width));
  const middle = x + width / 2;
  context.fillStyle = colours.surface;
  context.beginPath();
  context.moveTo(middle - size, height);
  context.lineTo(middle, height - size * 1.5);
  context.lineTo(middle + size, height);
  context.fill();
  context.fillStyle = colours.warn;
  context.fillRect(middle - size / 2, height - 4, size, 4);
}

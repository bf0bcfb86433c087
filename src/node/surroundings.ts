/** Where a command runs: its words, its streams, and a node that is open already when it runs inside one. */
import type { WaystationNode } from '../station/node.ts';
import type { WriteText } from './output.ts';

export interface Surroundings {
  readonly words: readonly string[];
  readonly cwd: string;
  readonly stdout: WriteText;
  readonly stderr: WriteText;
  readonly runningNode?: WaystationNode;
  /** Aborts when whoever read stdout closed it. */
  readonly readerGone?: AbortSignal;
  /** Width of the terminal that shows what is said; absent when none does. */
  readonly columns?: number | undefined;
}

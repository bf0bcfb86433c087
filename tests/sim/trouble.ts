/** What goes wrong in a simulated world, drawn from its seed: crashes, partitions, a node restored from an old backup. */

import type { SimNode } from './node.ts';
import type { SeededRandom } from './random.ts';
import type { World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export interface TroubleOptions {
  readonly untilMs: number;
  /** Crashes per node and day. */
  readonly crashesPerDay: number;
  /** Partitions of the world per day. */
  readonly partitionsPerDay: number;
}

function waitingTime(random: SeededRandom, perDay: number): number {
  return (-Math.log(1 - random.unit()) * 24 * HOUR_MS) / perDay;
}

/** Plans every crash and partition of the run. */
export function planTrouble(world: World, random: SeededRandom, options: TroubleOptions): void {
  const { untilMs, crashesPerDay, partitionsPerDay } = options;
  for (const node of world.nodes) {
    for (
      let at = waitingTime(random, crashesPerDay);
      at < untilMs;
      at += waitingTime(random, crashesPerDay)
    ) {
      const downMs = random.chance(0.5)
        ? random.integer(5_000, 5 * MINUTE_MS)
        : random.integer(0, 3 * HOUR_MS);
      crashAndRestart(world, node, at, downMs);
    }
  }
  for (
    let at = waitingTime(random, partitionsPerDay);
    at < untilMs;
    at += waitingTime(random, partitionsPerDay)
  ) {
    partition(world, random, at, random.integer(HOUR_MS / 2, 6 * HOUR_MS));
  }
}

function crashAndRestart(world: World, node: SimNode, atMs: number, downMs: number): void {
  world.time.at(atMs, () => {
    if (!node.isUp) return;
    node.crash();
    world.time.after(downMs, () => {
      if (!node.isUp) world.start(node);
    });
  });
}

/** Cuts the world in two along a random border. */
function partition(world: World, random: SeededRandom, atMs: number, lastsMs: number): void {
  const border = random.unit();
  const width = 0.2 + 0.4 * random.unit();
  world.time.at(atMs, () => {
    const count = world.nodes.length;
    const side = new Map(world.nodes.map((node, i) => [node, (i / count - border + 1) % 1 < width]));
    const cut = world.edges.filter(({ dialler, answerer }) => side.get(dialler) !== side.get(answerer));
    for (const edge of cut) edge.block();
    world.time.after(lastsMs, () => {
      for (const edge of cut) edge.unblock();
    });
  });
}

/**
 * A node is restored from a backup: what it wrote since is gone from its disk but not from the others'. Left alone for a
 * while it writes on, and so its feed forks; met at once it learns in time.
 */
export function restoreBackup(
  world: World,
  node: SimNode,
  backupMs: number,
  restoreMs: number,
  aloneMs: number,
): void {
  world.time.at(backupMs, () => {
    const backup = node.disk.snapshot();
    world.time.at(restoreMs, () => {
      if (node.isUp) node.crash();
      const edges = world.edgesOf(node);
      for (const edge of edges) edge.block();
      world.restored.add(node);
      node.disk.state = backup;
      world.start(node);
      world.time.after(aloneMs, () => {
        for (const edge of edges) edge.unblock();
      });
    });
  });
}

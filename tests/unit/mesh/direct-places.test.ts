/** Whose half-open dials give way to whose. */
import { describe, expect, it } from 'vitest';
import {
  DIRECT_LIMITS,
  DirectPlaces,
  type Place,
  type PlaceRefusal,
} from '../../../src/mesh/direct-places.ts';

class World {
  readonly places = new DirectPlaces(DIRECT_LIMITS);
  readonly ended: string[] = [];

  take(host: string, nowMs: number, name = host): Place | PlaceRefusal {
    return this.places.take(host, nowMs, () => this.ended.push(name));
  }
}

describe('the places of one network', () => {
  it('are not held by made-up addresses: the oldest without a path gives way after a second', () => {
    const world = new World();
    for (const n of [1, 2, 3, 4]) world.take(`192.0.2.${n}`, n);
    expect(world.take('192.0.2.9', 1_000)).toBe('places-of-network-full');
    expect(world.ended).toEqual([]);
    expect(world.take('192.0.2.9', 1_001)).toMatchObject({ hasPath: false });
    expect(world.ended).toEqual(['192.0.2.1']);
    expect(world.places.size).toBe(4);
  });

  it('are kept by those that are where they say, and by those of other networks', () => {
    const world = new World();
    world.take('198.51.100.1', 0);
    for (const n of [1, 2, 3, 4]) {
      const place = world.take(`192.0.2.${n}`, 0);
      if (typeof place === 'object') place.hasPath = true;
    }
    expect(world.take('192.0.2.9', 60_000)).toBe('places-of-network-full');
    expect(world.ended).toEqual([]);
  });
});

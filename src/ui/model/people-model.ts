/** Who is in the group: inviting devices. */
import type { Role } from '../../identity/roles.ts';
import { createInvite } from '../../station/membership-actions.ts';
import type { ModelCore } from './model-core.ts';

const WEEK_MS = 7 * 86_400_000;

export interface PeopleModel {
  /** A link that lets `uses` devices in within a week. */
  invite(role: Role, uses: number): Promise<string>;
}

export class People implements PeopleModel {
  readonly #core: ModelCore;
  /** Address of this page: what invites open. */
  readonly #base: string;

  constructor(core: ModelCore, base: string) {
    this.#core = core;
    this.#base = base;
  }

  async invite(role: Role, uses: number): Promise<string> {
    const expiresMs = this.#core.node().ports.clock.nowMs() + WEEK_MS;
    const { link } = await createInvite(this.#core.space(), {
      role,
      uses,
      expiresMs,
      hosts: [],
      base: this.#base,
    });
    return link;
  }
}

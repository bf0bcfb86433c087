/**
 * Two machines on one cable: network namespaces with a veth pair between them, so that names and addresses are real and nothing
 * leaves this machine. Needs root and iproute2.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, type Started, type StartOptions, type Workshop } from './cli.ts';

function ip(...words: string[]): void {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr}`);
}

/** True where namespaces can be made. */
export const hasNamespaces = process.getuid?.() === 0 && spawnSync('ip', ['netns', 'list']).status === 0;

/** Longer than a system takes to see that its own address is free (RFC 4862: up to a second of delay, and one of listening). */
const SETTLING_MS = 6_000;

let made = 0;

/** One machine. */
export class Machine {
  readonly name = `ws-test-${process.pid}-${made++}`;
  readonly device = `w${process.pid % 100_000}x${made}`;

  constructor() {
    ip('netns', 'add', this.name);
    ip('-n', this.name, 'link', 'set', 'lo', 'up');
  }

  get isUp(): boolean {
    return this.run('ip', '-br', 'link', 'show', 'dev', this.device).stdout.includes(' UP ');
  }

  /** It has the IPv6 address that it gave itself, and knows that nobody else has it. */
  get isSettled(): boolean {
    const shown = (...words: string[]) =>
      this.run('ip', '-6', 'addr', 'show', 'dev', this.device, ...words).stdout.trim();
    return shown('scope', 'link') !== '' && shown('tentative') === '';
  }

  addAddress(address: string): void {
    ip('-n', this.name, 'addr', 'add', `${address}/24`, 'dev', this.device);
  }

  removeAddress(address: string): void {
    ip('-n', this.name, 'addr', 'del', `${address}/24`, 'dev', this.device);
  }

  /** Starts `waystation <words> --json` there. */
  start(shop: Workshop, words: readonly string[], options?: StartOptions): Started {
    const all = options?.plain === true ? words : [...words, '--json'];
    return shop.spawn('ip', ['netns', 'exec', this.name, process.execPath, BIN, ...all], options);
  }

  /** Runs a program there to its end; what it wrote. */
  run(command: string, ...words: string[]): { status: number | null; stdout: string } {
    return spawnSync('ip', ['netns', 'exec', this.name, command, ...words], { encoding: 'utf8' });
  }

  /** A program that runs `command` there with the arguments it is given. */
  wrapper(folder: string, command: string): string {
    const path = join(folder, `in-${this.name}`);
    writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${this.name} ${command} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** Everything that ran there must have ended. */
  remove(): void {
    ip('netns', 'del', this.name);
  }
}

/** Lays a cable between two machines and gives them these addresses. */
export function connect(one: Machine, oneAddress: string, other: Machine, otherAddress: string): void {
  const peer = ['peer', 'name', other.device, 'netns', other.name];
  ip('link', 'add', one.device, 'netns', one.name, 'type', 'veth', ...peer);
  for (const [machine, address] of [
    [one, oneAddress],
    [other, otherAddress],
  ] as const) {
    machine.addAddress(address);
    ip('-n', machine.name, 'link', 'set', machine.device, 'up');
  }
  // The system takes up to a second to see that both ends are up; until then programs see no network.
  for (const machine of [one, other]) while (!machine.isUp);
  // Then each gives itself an IPv6 address and asks for a second or two whether it is free. Chromium aborts all that it does when that comes;
  // where there is no IPv6 it never does.
  const untilMs = Date.now() + SETTLING_MS;
  for (const machine of [one, other]) while (!machine.isSettled && Date.now() < untilMs);
}

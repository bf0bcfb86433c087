/** The processes at the two ends of a transfer. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

export interface RoleMessage {
  readonly link?: string;
  readonly bytes?: number;
  readonly ms?: number;
}

/** Forks the built bench program for one end. */
export function startRole(entry: string, ...words: string[]): ChildProcess {
  return fork(entry, ['role', ...words], { execArgv: [] });
}

/** What the process says next. @throws Error when it ends first. */
export async function said(child: ChildProcess): Promise<RoleMessage> {
  const [message] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error('a bench process ended early');
    }),
  ])) as [RoleMessage];
  return message;
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

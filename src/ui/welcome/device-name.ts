/** A name for this device to start with: its model where the browser tells it, else what kind of device it is. */
import { msg, str } from '@lit/localize';

/** Names in a group are at most 60 characters (see entry-bodies.ts for the bytes). */
export const MAX_NAME_LENGTH = 60;

/** The parts of `navigator` that tell; `userAgentData` is Chromium's. */
export interface NavigatorLike {
  readonly userAgent: string;
  readonly maxTouchPoints?: number;
  readonly userAgentData?: {
    readonly mobile?: boolean;
    readonly platform?: string;
    getHighEntropyValues?(hints: readonly string[]): Promise<{ readonly model?: string }>;
  };
}

/** What kind of device this is, at once. */
export function kindOfDevice(nav: NavigatorLike): string {
  const { userAgent, userAgentData } = nav;
  const platform = userAgentData?.platform ?? '';
  const isTouchMac = /Macintosh/.test(userAgent) && (nav.maxTouchPoints ?? 0) > 1;
  if (/iPhone/.test(userAgent)) return msg('iPhone');
  if (/iPad/.test(userAgent) || isTouchMac) return msg('iPad');
  if (platform === 'Android' || /Android/.test(userAgent)) {
    return userAgentData?.mobile === false || !/Mobile/.test(userAgent)
      ? msg('Android tablet')
      : msg('Android phone');
  }
  if (/CrOS/.test(userAgent) || /Chrom(e|ium) OS/.test(platform)) return msg('Chromebook');
  if (platform === 'macOS' || /Macintosh/.test(userAgent)) return msg('Mac');
  if (platform === 'Windows' || /Windows/.test(userAgent)) return msg('Windows computer');
  if (platform === 'Linux' || /Linux/.test(userAgent)) return msg('Linux computer');
  return msg('My device');
}

/** What kind of device this is, and two characters of its id, so that no two of a group begin with one name: `Android phone 7K`. */
export function firstName(nav: NavigatorLike, shortId: string): string {
  return msg(str`${kindOfDevice(nav)} ${shortId.slice(0, 2).toUpperCase()}`).trim();
}

/** A name to suggest; the model (“Pixel 8”) when the browser gives it away. Never throws. */
export async function suggestDeviceName(nav: NavigatorLike, shortId: string): Promise<string> {
  const kind = firstName(nav, shortId);
  try {
    const told = await nav.userAgentData?.getHighEntropyValues?.(['model']);
    // What the browser says is shown as a name: bounded, and without control characters.
    const model = (told?.model ?? '').replaceAll(/\p{C}/gu, '').trim().slice(0, MAX_NAME_LENGTH);
    return model === '' ? kind : model;
  } catch {
    return kind;
  }
}

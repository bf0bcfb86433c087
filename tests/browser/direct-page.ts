/** The page of direct.test.ts: dials a relay with nothing but its address and the hash of its certificate. */
import { toHex } from '../../src/core/bytes.ts';
import { parseDirectEndpoint } from '../../src/identity/direct-endpoint.ts';
import { dialDirect } from '../../src/mesh/direct-dial.ts';
import type { Channel, Link } from '../../src/mesh/port.ts';
import { SimplePeerTransport } from '../../src/mesh/simple-peer.browser.ts';
import { LinkProbe, pattern } from '../contract/transport-probe.ts';

export interface Dialled {
  /** ms from the call to the open link. */
  readonly tookMs: number;
  readonly local: string;
  readonly remote: string;
  /** Lengths of what came back on control and on bulk. */
  readonly echoed: readonly number[];
}

export interface DirectPage {
  /** Dials, sends `length` bytes on both channels and waits for their echo. Rejects with why there is no link. */
  dial(text: string, length: number): Promise<Dialled>;
}

declare global {
  var directPage: DirectPage;
}

const transport = new SimplePeerTransport();

globalThis.directPage = {
  async dial(text, length) {
    const startMs = performance.now();
    const link = await new Promise<Link>((resolve, reject) => {
      dialDirect(transport, parseDirectEndpoint(text), {
        onOpen: resolve,
        onFail: (why) => reject(new Error(why)),
      });
    });
    const tookMs = performance.now() - startMs;
    const probe = new LinkProbe(link);
    const echo = async (channel: Channel) => {
      link.send(channel, pattern(length, 3));
      return (await probe.next(channel)).length;
    };
    const echoed = [await echo('control'), await echo('bulk')];
    return { tookMs, local: toHex(link.localFingerprint), remote: toHex(link.remoteFingerprint), echoed };
  },
};

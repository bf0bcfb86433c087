import { X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeAuthority } from '../../../../src/node/https/certificates.ts';
import {
  type ServedCertificate,
  ServingCertificate,
} from '../../../../src/node/https/serving-certificate.ts';
import { VirtualClock } from '../../mesh/virtual-clock.ts';

const DAY_MS = 86_400_000;
const authority = { ...makeAuthority({ name: 'waystation.local', shortId: 'x' }), name: 'waystation.local' };
let clock: VirtualClock;
let addresses: string[];
let issued: ServedCertificate[];
let moves: number;
let failing: Error | undefined;

beforeEach(() => {
  clock = new VirtualClock();
  addresses = ['127.0.0.1', '192.168.1.20'];
  issued = [];
  moves = 0;
  failing = undefined;
});

function serve(): ServingCertificate {
  return new ServingCertificate({
    authority,
    clock,
    addresses: () => {
      if (failing !== undefined) throw failing;
      return addresses;
    },
    onIssued: (one) => issued.push(one),
    onMoved: () => {
      moves++;
    },
  });
}

const namesOf = ({ cert }: ServedCertificate) => new X509Certificate(cert).subjectAltName;

describe('the certificate that a relay shows', () => {
  it('is for its name, localhost and its addresses, from the beginning', () => {
    serve().close();
    expect(issued.map(namesOf)).toEqual([
      'DNS:waystation.local, DNS:localhost, IP Address:127.0.0.1, IP Address:192.168.1.20',
    ]);
  });

  it('is issued anew within seconds of an address coming or going, and not without reason', () => {
    const serving = serve();
    clock.advance(60_000);
    expect(issued).toHaveLength(1);
    addresses = ['127.0.0.1', '10.0.0.7'];
    clock.advance(5_000);
    expect(namesOf(issued[1]!)).toContain('10.0.0.7');
    expect(namesOf(issued[1]!)).not.toContain('192.168.1.20');
    expect(moves).toBe(1);
    serving.close();
  });

  it('is renewed a month before it ends, by a relay that runs all the time', () => {
    const serving = serve();
    clock.advance(59 * DAY_MS);
    expect(issued).toHaveLength(1);
    clock.advance(2 * DAY_MS);
    expect(issued).toHaveLength(2);
    expect(moves).toBe(0);
    serving.close();
  });

  it('stays as it is while the addresses cannot be read, as when a flood has taken all files, and is issued later', () => {
    const serving = serve();
    failing = new Error('EMFILE: too many open files');
    clock.advance(20_000);
    expect(issued).toHaveLength(1);
    failing = undefined;
    addresses = ['127.0.0.1', '10.0.0.7'];
    clock.advance(5_000);
    expect(namesOf(issued[1]!)).toContain('10.0.0.7');
    serving.close();
  });

  it('stays as it is once the relay has stopped', () => {
    serve().close();
    addresses = [];
    clock.advance(100 * DAY_MS);
    expect(issued).toHaveLength(1);
  });
});

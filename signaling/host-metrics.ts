/** What a host shows about itself at `/metrics`: numbers only, no ids, topics, keys or addresses. Pure. */

import type { SignalingStats } from './attach.node.ts';
import { counted, type Metric, plain, prometheusText } from './metrics.ts';
import type { StunStats } from './stun-responder.ts';

export interface ProcessNumbers {
  /** Seconds since the Unix epoch. */
  readonly startedSeconds: number;
  readonly residentBytes: number;
}

/** What a relay that is dialled directly shows of that: numbers by fixed reasons, no addresses. */
export interface DirectStats {
  /** Dials that have not proved themselves. */
  readonly halfOpen: number;
  /** Dials begun, and those whose channels opened. */
  readonly dials: number;
  readonly opened: number;
  /** What was not taken, or ended before it opened. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** The text of `/metrics`. @param stun absent where no STUN is answered. @param direct absent where nobody dials directly. */
export function hostMetrics(
  host: SignalingStats,
  process: ProcessNumbers,
  stun?: StunStats,
  direct?: DirectStats,
): string {
  return prometheusText([
    plain('gauge', 'waystation_host_clients', 'Clients that are connected under an id.', host.clients),
    plain('gauge', 'waystation_host_sockets', 'WebSockets that are open.', host.sockets),
    plain(
      'gauge',
      'waystation_host_addresses',
      'Addresses (IPv6: /64) with an open WebSocket.',
      host.addresses,
    ),
    plain('gauge', 'waystation_host_topics', 'Topics with somebody under them.', host.topics),
    plain(
      'gauge',
      'waystation_host_waiting_messages',
      'Messages that wait for absent ids.',
      host.waitingMessages,
    ),
    plain('gauge', 'waystation_host_half_open', 'Connections without a request so far.', host.halfOpen),
    plain('counter', 'waystation_host_opened_total', 'Connections that were let in.', host.opened),
    counted('waystation_host_messages_total', 'Messages carried, by type.', 'type', host.relayed),
    counted('waystation_host_bytes_total', 'Bytes of WebSocket messages.', 'direction', {
      in: host.bytesIn,
      out: host.bytesOut,
    }),
    counted(
      'waystation_host_dropped_total',
      'What was dropped, refused or cut off.',
      'reason',
      host.counters,
    ),
    ...(stun === undefined ? [] : stunMetrics(stun)),
    ...(direct === undefined ? [] : directMetrics(direct)),
    plain('gauge', 'process_start_time_seconds', 'When this process started.', process.startedSeconds),
    plain('gauge', 'process_resident_memory_bytes', 'Memory of this process.', process.residentBytes),
  ]);
}

function directMetrics({ halfOpen, dials, opened, dropped }: DirectStats): Metric[] {
  return [
    plain('gauge', 'waystation_direct_half_open', 'Direct dials that have not proved themselves.', halfOpen),
    plain('counter', 'waystation_direct_dials_total', 'Direct dials that were begun.', dials),
    plain('counter', 'waystation_direct_opened_total', 'Direct dials whose channels opened.', opened),
    counted('waystation_direct_dropped_total', 'Direct dials and requests dropped.', 'reason', dropped),
  ];
}

function stunMetrics(stun: StunStats): Metric[] {
  return [
    plain(
      'counter',
      'waystation_stun_requests_total',
      'STUN Binding requests that were understood.',
      stun.requests,
    ),
    counted('waystation_stun_answers_total', 'STUN answers sent, by what they say.', 'result', {
      success: stun.answers - stun.errors,
      error: stun.errors,
    }),
    counted('waystation_stun_bytes_total', 'Bytes of UDP payload on the STUN port.', 'direction', {
      in: stun.bytesIn,
      out: stun.bytesOut,
    }),
    counted('waystation_stun_dropped_total', 'Datagrams that were not answered.', 'reason', stun.dropped),
  ];
}

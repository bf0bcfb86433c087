/**
 * A host for any Node program, in one import:
 *
 *     import { startHost } from 'waystation/signaling/index.node.ts';
 *     const host = await startHost({ port: 9000, stunPort: 3478 });
 *     console.log(host.url, host.stats());
 *     await host.close();
 *
 * Stock PeerJS pages and nodes of Waystation meet there; `GET /healthz` and `/metrics` tell what it does. A program that has an HTTP
 * server already takes `attachSignaling(server)` instead, and `startStunServer()` beside it. `examples/host/` does both. On Node 22.18 and
 * later these files run as they are; earlier ones need a bundler first.
 */
export { SHARE_LIMITS, type ShareLimits } from './address-shares.ts';
export {
  type AttachedSignaling,
  attachSignaling,
  type SignalingOptions,
  type SignalingStats,
} from './attach.node.ts';
export {
  answerMetrics,
  HOST_PORT,
  type Host,
  type HostOptions,
  type HostStats,
  startHost,
} from './host.node.ts';
export { HUB_LIMITS, type HubLimits } from './hub-limits.ts';
export { STUN_LIMITS, type StunLimits, type StunStats } from './stun-responder.ts';
export { STUN_PORT, type StunServer, type StunServerOptions, startStunServer } from './stun-server.node.ts';

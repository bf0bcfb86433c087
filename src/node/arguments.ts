/** Reading what people type after an option: durations, times, ports. Every refusal says what would have been right. */
import { errorMessage, WaystationError } from '../core/errors.ts';
import { nodeIdText, parseNodeId } from '../core/ids.ts';
import { isDirectEndpoint, parseDirectEndpoint } from '../identity/direct-endpoint.ts';
import { isoTime } from '../sensors/recording-times.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `10s`, `5m`, `1h`, `7d`, `500ms` in milliseconds. @throws WaystationError `usage`. */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|min|h|d)$/.exec(text.trim());
  const unit = UNIT_MS[match?.[2] ?? ''];
  const ms = unit === undefined ? Number.NaN : Number(match?.[1]) * unit;
  if (!Number.isFinite(ms) || ms <= 0) {
    throw new WaystationError(
      'usage',
      `${option} takes a length of time such as 10s, 5m, 1h or 7d, not “${text}”`,
    );
  }
  return Math.round(ms);
}

/** Fewer digits than a date of our century has in milliseconds are a year or a slip, not a time. */
const LEAST_EPOCH_DIGITS = 12;

/** An ISO 8601 time (UTC unless it names a zone, as everywhere) or milliseconds since 1970. @throws WaystationError `usage`. */
export function parseTime(text: string, option: string): number {
  if (/^\d+$/.test(text) && text.length >= LEAST_EPOCH_DIGITS && Number.isSafeInteger(Number(text)))
    return Number(text);
  const time = isoTime(text.trim());
  if (time === undefined) {
    throw new WaystationError(
      'usage',
      `${option} takes a time such as 2026-07-01T14:00 (UTC), 2026-07-01T14:00+02:00 or 2026-07-01, not “${text}”`,
    );
  }
  return time.ms + time.ns / 1e6;
}

/** A positive number. @throws WaystationError `usage`. */
export function parseNumber(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) {
    throw new WaystationError('usage', `${option} takes a number above zero, not “${text}”`);
  }
  return value;
}

/** A whole number from 1 on. @throws WaystationError `usage`. */
export function parseCount(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new WaystationError('usage', `${option} takes a whole number above zero, not “${text}”`);
  }
  return value;
}

/** A node id, as `did:key:…`. @throws WaystationError `usage`. */
export function parseNode(text: string, option: string): string {
  try {
    return nodeIdText(parseNodeId(text));
  } catch (cause) {
    throw new WaystationError('usage', `${option} takes a node id: ${errorMessage(cause)}`, { cause });
  }
}

/** A TCP port, 0 for any free one. @throws WaystationError `usage`. */
export function parsePort(text: string, option: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new WaystationError('usage', `${option} takes a number from 0 to 65535, not “${text}”`);
  }
  return port;
}

/** A host URL: ws://, wss:// (later peerjs:), or a relay to dial directly. @throws WaystationError `usage`. */
export function parseHost(text: string): string {
  if (isDirectEndpoint(text)) return directOption(text);
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new WaystationError(
      'usage',
      `--host takes an address such as ws://192.168.1.20:7070, not “${text}”`,
      { cause },
    );
  }
  if (url.protocol === 'http:') url = new URL(text.replace(/^http:/, 'ws:'));
  if (url.protocol === 'https:') url = new URL(text.replace(/^https:/, 'wss:'));
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new WaystationError('usage', `--host takes a ws:// or wss:// address, not “${text}”`);
  }
  return url.href.replace(/\/$/, '');
}

function directOption(text: string): string {
  try {
    parseDirectEndpoint(text);
    return text;
  } catch (cause) {
    throw new WaystationError('usage', `--host: ${errorMessage(cause)}, not “${text}”`, { cause });
  }
}

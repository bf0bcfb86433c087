/** The worker that encodes hours, so that sealing does not hold up the page. */
import { expose, transfer } from 'comlink';
import { encodeHour } from '../src/hour/container.ts';
import type { HourContent } from '../src/hour/types.ts';

const api = {
  encode(content: HourContent) {
    const bytes = encodeHour(content);
    return transfer(bytes, [bytes.buffer]);
  },
};

export type CodecApi = typeof api;

expose(api);

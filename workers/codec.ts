/** The worker that encodes hours, so that sealing does not hold up the page. */
import { expose, transfer } from 'comlink';
import { encodeHour } from '../src/hour/container.ts';
import type { CodecApi } from '../src/pipeline/codec-worker.browser.ts';

const api: CodecApi = {
  encode(content) {
    const bytes = encodeHour(content);
    return transfer(bytes, [bytes.buffer]);
  },
};

expose(api);

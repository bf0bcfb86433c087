/** The worker that encodes hours, so that sealing does not hold up the page. */
import { expose } from 'comlink';
import { createCodecApi } from '../src/pipeline/codec-api.ts';

expose(createCodecApi());

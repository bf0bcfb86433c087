/** The two ways in which a stream's blocks are coded; its descriptor says which. */
import type { Profile } from '../types.ts';
import { decodeBlock, encodeBlock } from './block.ts';
import type { BlockCodec } from './coded-block.ts';
import { decodeFastBlock, encodeFastBlock } from './fast/block.ts';

const CODECS: Readonly<Record<Profile, BlockCodec>> = {
  small: { encode: encodeBlock, decode: decodeBlock },
  fast: { encode: encodeFastBlock, decode: decodeFastBlock },
};

export function blockCodec(profile: Profile): BlockCodec {
  return CODECS[profile];
}

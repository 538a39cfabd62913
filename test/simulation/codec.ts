import { topics } from '../../src/schemas/topics.ts'
import { localCodec } from '../../src/schemas/wire-codec.ts'

/** One for all worlds: its schemas are compiled once. */
export const codec = localCodec(topics)

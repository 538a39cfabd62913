import type { Logger } from 'pino'
import { createLogger, type KafkaLogger } from './internals.ts'

const warn = 2

/** What KafkaJS says goes to the log one level lower than it thinks: nearly all of it is about to be tried again. */
export const kafkaLogger = (log?: Logger): KafkaLogger =>
  createLogger({
    level: warn,
    logCreator:
      () =>
      ({ level, log: { message, stack: _stack, timestamp: _timestamp, ...detail } }) =>
        log?.[level < warn ? 'warn' : 'info']({ kafka: detail }, message),
  })

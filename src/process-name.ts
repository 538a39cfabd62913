import { hostname } from 'node:os'

/** Names this process to people and to Kafka, whose names have no other characters. */
export const processName = `${hostname().replaceAll(/[^\w.-]/g, '-')}-${process.pid}`

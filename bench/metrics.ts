/**
 * What counting costs on top of a slice: the time of one told slice (its counters and histogram, with nothing asked) and of
 * one scrape of a process with as many series as are told apart, beside a slice of a second's work at most.
 *
 *   node bench/metrics.ts
 */
import { loadConfig } from '../src/config.ts'
import { openMetering } from '../src/metering.ts'
import { bounds } from '../src/telemetry/instruments.ts'

const metering = openMetering(loadConfig(), { warn: () => undefined })
const slice = (kb: number) => ({
  ...{ stage: 'embedding', kbId: `kb-${kb % (2 * bounds.kb_id!)}`, model: 'model', seconds: 0.3, documents: 12 },
  ...{ chunksIn: 512, chunksOut: 0, embedded: 511, codes: ['provider_400'] },
})
const rounds = 200_000
for (let i = 0; i < rounds / 10; i++) metering.stages.sliceDone(slice(i))
const began = performance.now()
for (let i = 0; i < rounds; i++) metering.stages.sliceDone(slice(i))
const us = (1000 * (performance.now() - began)) / rounds
const cpu = process.cpuUsage()
const scrapes = 50
let bytes = 0
for (let i = 0; i < scrapes; i++) bytes = (await metering.metrics.text()).length
const { user, system } = process.cpuUsage(cpu)
console.log(`a told slice: ${us.toFixed(1)} µs, ${((us / 10_000) * 100).toFixed(3)} % of a slice of 10 ms`)
console.log(`a scrape: ${((user + system) / scrapes / 1000).toFixed(1)} ms of processor time, ${bytes} bytes`)

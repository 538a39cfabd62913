import { JobRow } from '../../src/coordinator/entities.ts'
import { missingOf } from '../../src/coordinator/job-holds.ts'
import type { Job } from '../../src/coordinator/job-state.ts'
import { phaseOfStage } from '../../src/coordinator/phases.ts'
import type { MemoryCluster } from '../../src/kafka/memory/cluster.ts'
import type { Progress } from '../../src/schemas/progress.ts'
import { type AnyRecord, progressTopic, type Topic, topics } from '../../src/schemas/topics.ts'
import type { Actor } from './actor.ts'
import { codec } from './codec.ts'
import type { Database } from './database/database.ts'
import type { Kernel } from './kernel.ts'
import type { Sent } from './sim-transactor.ts'

/** The invariant does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** A record as a reader of committed records has it. */
export interface Read {
  readonly lane: number
  readonly value: AnyRecord
}

/**
 * Sees what no process can: every commit in its moment, with what the database shows of the job in that same moment; and
 * all that readers of committed records ever saw, before it is deleted.
 */
export class Witness {
  readonly #kernel: Kernel
  readonly #cluster: MemoryCluster
  readonly #database: Database
  /** Writes that have been looked at. */
  #stored = 0
  readonly #read = new Map<string, { next: number; readonly records: Read[] }>()

  constructor(kernel: Kernel, cluster: MemoryCluster, database: Database) {
    this.#kernel = kernel
    this.#cluster = cluster
    this.#database = database
  }

  /** A call to the outside is about to be made. */
  called(actor: Actor, stage: string, jobId: string): void {
    this.#standing(stage, jobId, `${actor.name} makes a call for ${stage}`)
  }

  /** A transaction was committed. */
  committed(actor: Actor, sent: Sent): void {
    if (sent.transactionalId === 'coordinator') return
    const told = sent.records
      .filter(({ topic }) => topic === progressTopic.name)
      .flatMap(({ records }) => records.map(({ value }) => codec.decode(progressTopic, value)))
    for (const one of told) this.#kernel.say(`    ${sent.transactionalId}: ${about(one)}`)
    const slices = told.filter(one => one.type === 'progress')
    const whole =
      slices.length === 1
        ? sent.offsets.length === 1 && isSlice(sent, slices[0]!)
        : sent.offsets.length === 0 && sent.records.every(({ topic }) => topic === progressTopic.name)
    if (!whole) this.#break(`${actor.name} committed a part of a slice of ${sent.transactionalId}`)
    for (const { stage, job_id } of slices) this.#standing(stage, job_id, `${actor.name} committed a slice of ${stage}`)
  }

  /** A transaction of the store was committed. */
  stored(): void {
    const { writes } = this.#database
    for (const { job_id } of writes.slice(this.#stored)) this.#standing('indexing', job_id, 'something is stored')
    this.#stored = writes.length
    for (const { kbId, state } of this.#database.table(JobRow).all()) {
      const { failure } = state as Job
      if (failure && isLoss(failure.code)) this.#break(`the job of ${kbId} failed: ${failure.message}`)
    }
  }

  /** Remembers what readers of a lane can see. */
  read(topic: string, lane: number): void {
    const log = this.#cluster.log(topic, lane)
    const known = this.#read.get(`${topic}/${lane}`) ?? { next: 0, records: [] }
    this.#read.set(`${topic}/${lane}`, known)
    for (;;) {
      const { next, records } = log.read(Math.max(known.next, log.start))
      if (next === known.next) return
      known.next = next
      const by = topics.find(({ name }) => name === topic) as Topic
      for (const { value } of records) known.records.push({ lane, value: codec.decode(by, value) })
    }
  }

  /** All that was ever to be read of a topic for a job, lane by lane. */
  seen(topic: string, jobId: string): readonly Read[] {
    return this.#cluster.lanes(topic).flatMap(lane => {
      this.read(topic, lane)
      return this.#read.get(`${topic}/${lane}`)!.records.filter(({ value }) => value.job_id === jobId)
    })
  }

  #standing(stage: string, jobId: string, what: string): void {
    const row = this.#database.table(JobRow).like({ id: jobId })
    if (!row) {
      this.#break(`${what} for ${jobId}, which no database knows`)
      return
    }
    const phase = phaseOfStage(stage)!.name
    const state = row.state as Job
    const stands =
      state.paused.includes(phase) && state.phases[phase].held !== null && missingOf(state, [phase]).length === 0
    if (stands) this.#break(`${what} after ${phase} of its job was shown as paused`)
    if (row.status === 'paused' || row.status === 'cancelled' || row.status === 'completed')
      this.#break(`${what} after its job was shown as ${row.status}`)
  }

  #break(what: string): void {
    this.#kernel.fail(new Violation(what))
  }
}

/** What a job says of records that are missing, or were taken twice. */
const isLoss = (code: string): boolean => code === 'progress_gap' || code === 'offset_out_of_range'

const isSlice = ({ transactionalId, offsets }: Sent, { stage, lane, next }: Progress): boolean => {
  const [offset] = offsets
  return (
    transactionalId === `${stage}.${lane}` && offset?.group === stage && offset.lane === lane && offset.next === next
  )
}

const about = (one: AnyRecord): string => {
  const { type, stage, lane, first, next, revision, code, end_marks, items } = one
  const what =
    type === 'progress'
      ? `[${first}, ${next}) ${items} items${end_marks ? ' end' : ''}`
      : (code ?? `revision ${revision}`)
  return `${type} ${stage}.${lane} ${what}`
}

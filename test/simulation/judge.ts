import { JobRow } from '../../src/coordinator/entities.ts'
import type { Job } from '../../src/coordinator/job-state.ts'
import { phasesOf } from '../../src/coordinator/phases.ts'
import type { Progress } from '../../src/schemas/progress.ts'
import { chunks, deadLetters, documents, progressTopic, vectors } from '../../src/schemas/topics.ts'
import type { History } from './history.ts'
import { nameOf, type Reference, referenceOf } from './reference.ts'
import { Violation } from './witness.ts'
import type { World } from './world.ts'

/** Holds every job, and all that is left of it, against what the stages alone come to. */
export const judge = async (world: World, history: History): Promise<void> => {
  for (const row of world.database.table(JobRow).all()) {
    const number = Number(String(row.kbId).slice(3))
    const reference = await referenceOf(history.jobs[number]!, String(row.kbId))
    const faults = [
      ...doubled(world, row.id as string, reference),
      ...unlikeItsLedger(world, row.id as string, row.state as Job),
      ...(row.status === 'completed' ? missing(world, row.id as string, row.state as Job, reference) : []),
      ...(row.status === 'cancelled' ? leftOver(world, row.id as string) : []),
    ]
    if (faults.length > 0) throw new Violation(`job of ${row.kbId}, which is ${row.status}: ${faults.join('; ')}`)
  }
}

/** What there is of a job, as a reader of committed records or of the store has it. */
const found = ({ witness, database }: World, id: string) => ({
  documents: witness
    .seen(documents.name, id)
    .filter(notEnd)
    .map(({ value }) => nameOf(value)),
  chunks: witness
    .seen(chunks.name, id)
    .filter(notEnd)
    .map(({ value }) => nameOf(value)),
  vectors: witness
    .seen(vectors.name, id)
    .filter(notEnd)
    .map(({ value }) => nameOf(value)),
  writes: database.writes
    .filter(({ job_id }) => job_id === id)
    .map(write => nameOf({ ...write, type: write.position === null ? 'document_end' : 'vector' })),
})

const notEnd = ({ value }: { readonly value: { readonly type: string } }): boolean => value.type !== 'end_mark'

const kinds = ['documents', 'chunks', 'vectors', 'writes'] as const

/** Of any job: nothing is there twice, nothing that should not be, and each document is in its order. */
const doubled = (world: World, id: string, reference: Reference): readonly string[] => {
  const there = found(world, id)
  return kinds.flatMap(kind => {
    const order = new Map(reference[kind].map((name, place) => [name, place]))
    const faults: string[] = []
    const last = new Map<string, number>()
    for (const name of there[kind]) {
      const place = order.get(name)
      const document = name.split(' ')[0]!
      if (place === undefined) faults.push(`${name} is in ${kind} and should not be`)
      else if (last.get(document) === place) faults.push(`${name} is in ${kind} twice`)
      else if ((last.get(document) ?? -1) > place) faults.push(`${name} is in ${kind} out of order, or twice`)
      last.set(document, Math.max(place ?? 0, last.get(document) ?? 0))
    }
    return faults
  })
}

const missing = (world: World, id: string, job: Job, reference: Reference): readonly string[] => {
  const there = found(world, id)
  const lost = kinds.flatMap(kind => {
    const has = new Set(there[kind])
    return reference[kind].filter(name => !has.has(name)).map(name => `${name} is not in ${kind}`)
  })
  const counted = Object.entries(reference.counts).flatMap(([name, [items, rejects]]) => {
    const phase = job.phases[name as keyof Job['phases']]
    if (phase.items === items && phase.rejects === rejects) return []
    return [`${name} counts ${phase.items} items and ${phase.rejects} rejects, not ${items} and ${rejects}`]
  })
  const letters = world.witness.seen(deadLetters.name, id).length
  const said = letters === reference.rejects ? [] : [`${letters} dead letters, not ${reference.rejects}`]
  return [...lost, ...counted, ...said]
}

const leftOver = (world: World, id: string): readonly string[] =>
  found(world, id).writes.map(name => `${name} is stored although its job was cancelled`)

/** Of any job: slices of a lane follow one another, and what the job counts is what they did. */
const unlikeItsLedger = ({ witness }: World, id: string, job: Job): readonly string[] => {
  const slices = witness
    .seen(progressTopic.name, id)
    .flatMap(({ value }) => (value.type === 'progress' ? [value as unknown as Progress] : []))
  return phasesOf(job).flatMap(({ name, stage }) => {
    const phase = job.phases[name]
    const own = slices.filter(one => one.stage === stage)
    const torn = [...Map.groupBy(own, ({ lane }) => lane)].flatMap(([lane, those]) =>
      those.slice(1).flatMap(({ first, next }, i) => {
        const before = those[i]!
        if (first === before.next) return []
        return [`${stage} lane ${lane}: [${first}, ${next}) came after [${before.first}, ${before.next})`]
      }),
    )
    const told = own.filter(({ lane, next }) => next <= (phase.lanes[lane]?.next ?? 0))
    const items = told.reduce((sum, one) => sum + one.items, 0)
    return items === phase.items ? torn : [...torn, `${name} counts ${phase.items} items, its slices have ${items}`]
  })
}

import { JobRow } from '../../src/coordinator/entities.ts'
import type { Job } from '../../src/coordinator/job-state.ts'
import type { History } from './history.ts'
import { judge } from './judge.ts'
import { Kernel } from './kernel.ts'
import { isOver, People } from './people.ts'
import { startSimCoordinator, startWorker } from './processes.ts'
import { coordinators, workers } from './steps.ts'
import { useVirtualTime } from './virtual-time.ts'
import { Violation } from './witness.ts'
import { World } from './world.ts'

/** How long after the last fault every job must have ended, in virtual ms. */
const patienceMs = 90_000

export interface Played {
  readonly hash: number
  readonly events: number
  readonly virtualMs: number
}

/** Lives through a history; throws a Violation when the invariant does not hold. */
export const play = async (history: History, story: string[] | null = null): Promise<Played> => {
  const kernel = new Kernel(history.seed, story)
  const undo = useVirtualTime(kernel)
  try {
    const world = new World(kernel)
    for (const name of workers) world.employ(name, actor => startWorker(world, actor))
    for (const name of coordinators) world.employ(name, actor => startSimCoordinator(world, actor))
    const people = new People(world, history)
    const ended = await kernel.run(() => people.haveAllTheyWant, people.calmMs + patienceMs)
    if (ended === 'late') throw new Violation(hung(world))
    await judge(world, history)
    return { hash: kernel.hash, events: kernel.events, virtualMs: kernel.now }
  } finally {
    await undo()
  }
}

/** Which jobs have not ended, and what of them is missing. */
const hung = ({ database, kernel }: World): string => {
  const open = database
    .table(JobRow)
    .all()
    .filter(row => !isOver(row))
  const about = open.map(row => {
    const { status, phases, failure, paused } = row.state as Job
    const left = Object.entries(phases).flatMap(([name, phase]) =>
      Object.entries(phase.lanes)
        .filter(([, lane]) => !lane.ended)
        .map(([lane, { next, waiting }]) => `${name} lane ${lane} at ${next}${waiting ? ` (${waiting.message})` : ''}`),
    )
    const why = failure ? ` (${failure.message})` : ''
    return `${row.kbId} is ${status}${why}, paused: ${paused.join() || 'nothing'}, open: ${left.join(', ') || 'nothing'}`
  })
  const jobs = about.join('; ') || 'every job has, but something that was asked for was not answered'
  return `not at its end at ${Math.round(kernel.now)} ms, after ${kernel.events} events: ${jobs}`
}

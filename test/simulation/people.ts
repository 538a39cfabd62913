import { CommandRow, JobRow } from '../../src/coordinator/entities.ts'
import type { Job } from '../../src/coordinator/job-state.ts'
import { createJobs } from '../../src/coordinator/job-store.ts'
import type { CommandRequest, Jobs } from '../../src/coordinator/jobs.ts'
import { Actor } from './actor.ts'
import { entityManager } from './database/entity-manager.ts'
import type { History } from './history.ts'
import { knowledgeBases, queueDepth } from './processes.ts'
import { submissionOf } from './shape.ts'
import type { Step } from './steps.ts'
import { concurrency, lanes, type World } from './world.ts'

/** How long after the last step a fault may still strike that was armed before, in ms. */
const lingerMs = 3_000

/** Those outside: they ask for the jobs, do what the history says, and in the end let every job come to its end. */
export class People {
  /** After this nothing is struck any more. */
  readonly calmMs: number
  readonly #world: World
  readonly #history: History
  readonly #jobs: Jobs
  #submitted = 0

  constructor(world: World, history: History) {
    this.#world = world
    this.#history = history
    const em = entityManager(world.database, new Actor('user', world.kernel))
    this.#jobs = createJobs({ em, knowledgeBases, queueDepth, lanes, concurrency })
    this.calmMs = Math.max(0, ...history.steps.map(({ at }) => at)) + lingerMs

    for (const [number, { at }] of history.jobs.entries()) this.#later(at, () => this.#submit(number))
    for (const step of history.steps) this.#later(step.at, () => this.#do(step))
    this.#later(this.calmMs, () => {
      world.strikes.end()
      world.errors.clear()
      this.#urge()
    })
  }

  get haveAllTheyWant(): boolean {
    const { database, kernel } = this.#world
    return (
      this.#submitted === this.#history.jobs.length &&
      kernel.now >= this.calmMs - lingerMs &&
      database.table(JobRow).all().every(isOver) &&
      database
        .table(CommandRow)
        .all()
        .every(({ appliedAt }) => appliedAt !== null)
    )
  }

  #do(step: Step): void {
    const { strikes, errors } = this.#world
    const actor = 'process' in step ? this.#world.actor(step.process) : null
    switch (step.do) {
      case 'command':
        this.#command(step.job % this.#history.jobs.length, step)
        break
      case 'kill':
        actor?.kill(step.ms)
        break
      case 'stop':
        this.#world.stop(step.process, step.ms)
        break
      case 'freeze':
        actor?.freeze(step.ms)
        break
      case 'strike':
        strikes.arm(step)
        break
      case 'rejoin':
        for (const tell of actor?.rejoins ?? []) tell(step.stage)
        break
      case 'error':
        errors.set(
          step.stage,
          Array.from({ length: step.times }, () => step.error),
        )
    }
  }

  /** Asks until there is an answer. */
  #submit(number: number): void {
    const { kernel } = this.#world
    this.#jobs.submit(submissionOf(this.#history.jobs[number]!, `kb-${number}`)).then(
      ({ outcome }) => {
        kernel.say(`job of kb-${number}: ${outcome}`)
        this.#submitted++
      },
      error => {
        kernel.say(`job of kb-${number}: ${error.message}`)
        this.#later(500, () => this.#submit(number))
      },
    )
  }

  #command(kb: number, { verb, phase }: Omit<CommandRequest, 'kb_id'>): void {
    const say = (outcome: string) => this.#world.kernel.say(`${verb} ${phase ?? 'all'} of kb-${kb}: ${outcome}`)
    this.#jobs.command({ kb_id: `kb-${kb}`, verb, phase }).then(
      ({ outcome }) => say(outcome),
      error => say(error.message),
    )
  }

  /** Whoever still has a job that stands makes it go on. */
  #urge(): void {
    for (const row of this.#world.database.table(JobRow).all()) {
      const { status, paused } = row.state as Job
      const kb = Number(String(row.kbId).slice(3))
      if (isOver(row)) continue
      if (status === 'failed') this.#command(kb, { verb: 'retry', phase: null })
      else if (paused.length > 0) this.#command(kb, { verb: 'resume', phase: null })
    }
    this.#later(1_000, () => this.#urge())
  }

  #later(ms: number, work: () => void): void {
    const { kernel } = this.#world
    kernel.post(kernel.nature, kernel.now + ms, 'timer', '', work)
  }
}

/** A job that will never change again. */
export const isOver = ({ status, closedAt }: Readonly<Record<string, unknown>>): boolean =>
  status === 'completed' || status === 'cancelled' || (status === 'failed' && closedAt !== null)

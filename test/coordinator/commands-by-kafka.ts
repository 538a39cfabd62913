import { expect } from 'vitest'
import type { JobCommand, JobEvent } from '../../src/schemas/job-command.ts'
import { jobCommands, jobEvents } from '../../src/schemas/topics.ts'
import { until } from '../kit/until.ts'
import type { useBench } from './bench.ts'

export const command = (command_id: string, verb: JobCommand['verb'], rest: Partial<JobCommand> = {}): JobCommand => ({
  ...{ type: 'job_command', command_id, verb, kb_id: 'manual', phase: null },
  request: verb === 'start' ? '{}' : null,
  ...rest,
})

/** What an upstream system does to command jobs by Kafka, and to hear what became of it. */
export const upstreamOf = (bench: Pick<ReturnType<typeof useBench>, 'line'>) => {
  const publish = async (...commands: readonly JobCommand[]) => {
    const { broker, codec } = bench.line
    const transactor = await broker.fence('upstream')
    const transaction = await transactor.begin()
    const records = commands.map(one => ({ key: one.kb_id, value: codec.encode(jobCommands, one) }))
    await transaction.send(jobCommands.name, 0, records)
    await transaction.commit()
    await transactor.close()
  }
  const events = async (): Promise<readonly JobEvent[]> => {
    const { broker, codec } = bench.line
    const found: JobEvent[] = []
    const follower = await broker.follow({
      topic: jobEvents.name,
      from: new Map([[0, 0]]),
      records({ records }) {
        for (const { value } of records) found.push(codec.decode(jobEvents, value))
      },
      failed: error => expect.unreachable(error.message),
    })
    await follower.caughtUp()
    await follower.stop()
    return found
  }
  const outcome = (id: string) =>
    until(`the outcome of ${id}`, async () => (await events()).find(({ command_id }) => command_id === id))
  return { publish, events, outcome }
}

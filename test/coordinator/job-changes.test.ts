import { expect, test } from 'vitest'
import { type JobChange, onJobChanges } from '../../src/coordinator/job-changes.ts'
import { lockJobs, transit } from '../../src/coordinator/job-rows.ts'
import { useBench } from './bench.ts'

const bench = useBench()

test('a job is told when it is admitted and when its status changes, once the transaction is committed', async () => {
  const told: JobChange[] = []
  onJobChanges(bench.em, change => told.push(change))
  const brief = () => told.map(({ job, from, to }) => [job.kbId, from, to])

  const id = await bench.submit('docs')
  expect(brief()).toEqual([['docs', null, 'pending']])

  const cancel = (rollBack: boolean) =>
    bench.em.fork().transactional(async tx => {
      const [job] = await lockJobs(tx, [id])
      transit(job!, [{ type: 'cancel', at: 0 }], new Date())
      await tx.flush()
      if (rollBack) throw new Error('rolled back')
      expect(brief()).toHaveLength(1)
    })
  await expect(cancel(true)).rejects.toThrow('rolled back')
  expect(brief()).toHaveLength(1)
  await cancel(false)
  expect(brief()[1]).toEqual(['docs', 'pending', 'cancelled'])
})

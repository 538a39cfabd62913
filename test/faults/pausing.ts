import type { Target } from './kind.ts'
import type { Rig } from './rig.ts'

/** Of a request that is about the job of a target. */
export const params = ({ kb }: Pick<Target, 'kb'>) => ({ params: { kb_id: kb }, body: {} })

/** Pauses the job, unless it has ended; returns how many slices were committed by then. */
export const paused = async (rig: Rig, target: Target): Promise<number> => {
  await rig.penstock.client.pause(params(target)).catch(hasEnded)
  await rig.penstock.jobThat(target.job, 'the pause', ({ status }) => status === 'paused' || status === 'completed')
  return slicesOf(rig, target)
}

const slicesOf = async ({ penstock: { ledger } }: Rig, { job }: Target) => {
  await ledger.caughtUp()
  return ledger.of(job).length
}

/** Nothing of a paused job was committed meanwhile; it goes on. */
export const resumed = async (rig: Rig, target: Target, slices: number): Promise<void> => {
  const now = await slicesOf(rig, target)
  if (now !== slices) throw new Error(`${now - slices} slices of a paused job were committed`)
  await rig.penstock.client.resume(params(target)).catch(hasEnded)
}

const hasEnded = (error: { readonly status: number }): void => {
  if (error.status !== 409) throw error
}

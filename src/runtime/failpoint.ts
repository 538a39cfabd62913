/**
 * The steps of a slice between which it can be stopped, in the order in which it comes to them. Between `ready` and
 * `committed` all requests of the transaction go out: what happens there is for a proxy to strike.
 */
export const failpoints = [
  'slice.taken',
  'slice.transformed',
  'slice.effected',
  'slice.ready',
  'slice.committed',
] as const

export type SliceStep = (typeof failpoints)[number]

/** Besides, each call of a stage: the whole slice, or a part of it. */
export type Failpoint = SliceStep | 'stage.called'

/** Where a slice is; `inputs` are what the stage is called with. */
export interface Place {
  readonly stage: string
  readonly lane: number
  readonly inputs?: readonly unknown[]
}

/** Told of each step that a slice comes to; may wait, throw, or end the process. */
export type Fault = (point: Failpoint, where: Place) => Promise<void> | void

let installed: Fault | null = null

/** For tests of what survives a fault: nothing in `src` calls it, so in normal runs a failpoint is one comparison. */
export const installFault = (fault: Fault): void => {
  installed = fault
}

/** Where a fault may strike, if a test has installed one. */
export const failpoint: Fault = (point, where) => (installed === null ? undefined : installed(point, where))

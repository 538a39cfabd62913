/** Does work in the coordinator's turn, after all that asked before. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>

/** Runs one piece of work at a time, in the order in which they were handed in. */
export const createSerial = (): InTurn => {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(work: () => Promise<T>): Promise<T> => {
    const run = last.then(work, work)
    last = run
    return run
  }
}

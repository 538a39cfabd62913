/** A process that runs beside this one, by whatever means it was started. */
export interface Running {
  /** Resolves when it has ended: with null if `stop` ended it, else with what happened. */
  readonly ended: Promise<Error | null>
  /** Ends it and waits until it is gone. Calling it twice is fine. */
  stop(): Promise<void>
}

/** A part that can be started, and started again. */
export interface Child<R extends Running = Running> {
  /** As it is called in messages: "Kafka". */
  readonly name: string
  /**
   * Resolves when it is ready for work; where clients have an address of it, that is the same every time. Aborted, it
   * gives up and leaves nothing running.
   */
  start(signal: AbortSignal): Promise<R>
}

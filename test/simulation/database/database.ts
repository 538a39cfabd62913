import type { Actor } from '../actor.ts'
import type { Kernel } from '../kernel.ts'
import type { Wire } from '../wire.ts'
import { type LeaseRow, type Row, specs, Table, type WriteRow } from './tables.ts'

/** How long after the death of a process its connections are noticed to be gone, in ms. */
const goneMs = 350

/** How long a transaction may be silent before it is ended, in ms: that of the embedded database. */
const idleMs = 5_000

export class DatabaseError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

const terminated = () => new DatabaseError('57P01', 'terminating connection')
const idledTooLong = () => new DatabaseError('25P03', 'terminating connection due to idle-in-transaction timeout')
const ended = () => new Error('The transaction has ended.')

/** What node-postgres says of a lost connection. */
export const connectionLost = () => new Error('Connection terminated unexpectedly')

/**
 * The tables, of which one transaction at a time is under way, as in the embedded database: the next one waits for its
 * end. One whose process is gone is rolled back, and one that is silent for long is as well.
 */
export class Database {
  readonly kernel: Kernel
  readonly lease: LeaseRow = { epoch: 0, holder: '', until: -1, trouble: null }
  readonly writes: WriteRow[] = []
  readonly #tables = new Map<unknown, Table>()
  readonly #waiting: (() => void)[] = []
  readonly #wire: Pick<Wire, 'call'>
  #open: Transaction | null = null
  #undo: (() => void)[] = []
  #number = 0
  #revision = 0
  /** Told of every commit. */
  committed: () => void = () => undefined

  constructor(kernel: Kernel, wire: Pick<Wire, 'call'>) {
    this.kernel = kernel
    this.#wire = wire
    for (const [entity, { key }] of specs) this.#tables.set(entity, new Table(key, back => this.undoing(back)))
  }

  table(entity: unknown): Table {
    const table = this.#tables.get(entity)
    if (!table) throw new Error('The simulated database has no such table.')
    return table
  }

  /** A row with all that it has by itself. */
  create(entity: unknown, values: Row): Row {
    const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
    const row = { ...specs.get(entity)!.defaults(() => ++this.#number, this.date), ...given }
    this.table(entity).insert(row)
    return row
  }

  get date(): Date {
    return new Date()
  }

  /** Sequences are never rolled back. */
  nextRevision(): number {
    return ++this.#revision
  }

  revisionAtLeast(revision: number): void {
    this.#revision = Math.max(this.#revision, revision)
  }

  undoing(back: () => void): void {
    if (this.#open) this.#undo.push(back)
  }

  write(row: WriteRow): void {
    this.writes.push(row)
    this.undoing(() => this.writes.pop())
  }

  /** Removes all that was stored for a job. */
  discard(jobId: string): void {
    this.writes.splice(0, this.writes.length, ...this.writes.filter(({ job_id }) => job_id !== jobId))
  }

  /** One statement by itself, which waits its turn. */
  async once<T>(actor: Actor, what: string, work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    await this.#wire.call(
      actor,
      'commit transaction',
      what,
      () =>
        new Promise<void>(done => {
          this.#turn(() => {
            try {
              resolve(work())
              this.committed()
            } catch (error) {
              reject(error)
            }
            done()
          })
        }),
      connectionLost,
    )
    return promise
  }

  async begin(actor: Actor): Promise<Transaction> {
    return this.#wire.call(
      actor,
      'begin transaction',
      'begin',
      () =>
        new Promise<Transaction>(resolve => {
          this.#turn(() => {
            const transaction = new Transaction(actor)
            this.#open = transaction
            this.#undo = []
            const { kernel } = this
            const lost = () => this.#end(transaction, terminated)
            // A commit that was sent is there before the end of the connection.
            const gone = () => kernel.post(kernel.nature, kernel.now + goneMs, 'timer', '', lost)
            if (actor.state === 'dead') gone()
            else actor.died.add(gone)
            kernel.post(kernel.nature, kernel.now + idleMs, 'timer', '', () => this.#end(transaction, idledTooLong))
            resolve(transaction)
          })
        }),
      connectionLost,
    )
  }

  async commit(actor: Actor, transaction: Transaction, what: string): Promise<void> {
    try {
      await this.#wire.call(
        actor,
        'commit transaction',
        what,
        () => {
          transaction.assertOpen()
          this.#end(transaction, null)
        },
        connectionLost,
      )
    } catch (error) {
      // The connection is of no use any more; when its end is noticed, what is still open is rolled back.
      this.rollback(transaction)
      throw error
    }
  }

  rollback(transaction: Transaction): void {
    const { kernel } = this
    kernel.post(kernel.nature, kernel.now + kernel.delay(), 'arrival', '', () => this.#end(transaction, connectionLost))
  }

  #end(transaction: Transaction, error: (() => Error) | null): void {
    if (transaction.over) return
    transaction.over = error ?? ended
    const undo = this.#undo
    this.#undo = []
    if (error) for (const back of undo.reverse()) back()
    this.#open = null
    if (!error) this.committed()
    while (!this.#open && this.#waiting.length > 0) this.#waiting.shift()!()
  }

  #turn(work: () => void): void {
    if (this.#open) this.#waiting.push(work)
    else work()
  }
}

/** Of whom a transaction is, and why it is over. */
export class Transaction {
  readonly actor: Actor
  over: (() => Error) | null = null
  constructor(actor: Actor) {
    this.actor = actor
  }

  assertOpen(): void {
    if (this.over) throw this.over()
  }
}

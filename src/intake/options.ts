import type { Logger } from 'pino'
import type { Broker, Membership } from '../kafka/broker.ts'
import type { Gate } from '../runtime/gate.ts'
import type { Tracing } from '../runtime/tracing.ts'
import type { Codec } from '../schemas/codec.ts'
import type { IntakeMeter } from './meter.ts'
import type { Parking } from './parking.ts'

/** What the work on one partition of `upstream.documents` takes. */
export interface PartitionWorkerOptions {
  readonly partition: number
  readonly broker: Broker
  readonly membership: () => Membership
  readonly gate: Gate
  readonly codec: Codec
  readonly parking: Parking
  /** Lanes of `dead.letters`. */
  readonly lanes: number
  readonly tracing: Tracing
  readonly meter?: IntakeMeter
  readonly log: Logger
  /** How long INTAKE waits for a stream's lane before it asks again, in ms. */
  readonly askMs: number
}

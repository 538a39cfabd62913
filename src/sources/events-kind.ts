import { eventsSource } from '../schemas/identity.ts'
import type { SourceKind } from './kind.ts'
import type { EventsSpec } from './specs/events.ts'

/** Events are sent, not read: INTAKE brings them, and nothing here can be asked for them again. */
export const eventsKind: SourceKind<EventsSpec> = {
  id: () => eventsSource,
  check: async () => [],
  open: () => ({
    total: async () => null,
    bite: async () => ({ documents: [], next: null }),
    read: async uri => ({
      uri,
      code: 'not_readable',
      message: `${uri} was sent by an upstream system, which can publish it again; it cannot be read from there.`,
    }),
  }),
}

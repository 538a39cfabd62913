import { z } from 'zod'

/** What upstream systems publish to `upstream.documents` for the knowledge base: docs/SOURCES-EVENTS.md. */
export const eventsSpec = z.strictObject({ type: z.literal('events') })

export type EventsSpec = z.output<typeof eventsSpec>

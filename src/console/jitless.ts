import { config } from 'zod'

/** Schemas are not compiled to functions, which the page's policy forbids: call this before any is made. */
config({ jitless: true })

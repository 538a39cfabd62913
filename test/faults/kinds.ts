import type { Kind } from './kind.ts'
import { partKinds } from './kinds-of-parts.ts'
import { processKinds } from './kinds-of-processes.ts'
import { slicesKinds } from './kinds-of-slices.ts'

/** Every kind of fault, by what it strikes. */
export const kinds: readonly Kind[] = [...slicesKinds, ...processKinds, ...partKinds]

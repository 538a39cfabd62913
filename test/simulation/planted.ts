import {
  countsOfChanges,
  endAfterFirst,
  noAppliedRow,
  offsetFirst,
  offsetLast,
  swallowedError,
  unfencedAcknowledgement,
  unfencedEffects,
  unfencedTakeover,
} from '../kit/bugs.ts'
import type { Bug } from '../kit/plant.ts'
import { coordinatorBugs } from './planted-in-coordinator.ts'

const takeover = 'src/runtime/takeover.ts'
/** The witness would see at once that a slice comes in halves, and not what follows from it. */
const halves = { file: 'test/simulation/witness.ts', from: '    if (!whole) this', to: '    if (!whole && !sent) this' }

/** Bugs that break a guarantee; the simulation has to see each of them. */
export const bugs: readonly Bug[] = [
  {
    ...unfencedTakeover,
    edits: [
      ...unfencedTakeover.edits,
      {
        // The witness knows a slice by its transactional id, and would see the planted name rather than what follows from it.
        file: 'test/simulation/witness.ts',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
        from: 'transactionalId === `${stage}.${lane}` &&',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
        to: 'transactionalId.startsWith(`${stage}.${lane}`) &&',
      },
    ],
  },
  {
    name: 'the committed offset is read before the fence',
    edits: [
      {
        file: takeover,
        from: '  const transactor = await broker.fence',
        to: '  const committed = await broker.committed(stage.name, stage.from.name, lane)\n  const transactor = await broker.fence',
      },
      {
        file: takeover,
        from: '    const committed = await broker.committed(stage.name, stage.from.name, lane)\n    const position',
        to: '    const position',
      },
    ],
  },
  {
    name: 'control is not read to its end at takeover',
    edits: [{ file: takeover, from: '    await gate.readToEnd()\n', to: '' }],
  },
  { ...offsetFirst, edits: [...offsetFirst.edits, halves] },
  { ...offsetLast, edits: [...offsetLast.edits, halves] },
  {
    name: 'aborted records are read',
    edits: [
      {
        file: 'src/kafka/memory/log.ts',
        from: `if (!record || transaction.state === 'aborted') continue`,
        to: 'if (!record) continue',
      },
    ],
  },
  swallowedError,
  noAppliedRow,
  unfencedEffects,
  countsOfChanges,
  {
    name: 'a pause is forgotten at the second takeover',
    edits: [
      {
        file: takeover,
        from: 'if (control.held.includes(stage.name)) return',
        to: 'if (control.held.includes(stage.name) && !seen.has(gate) && seen.add(gate)) return',
      },
      {
        file: takeover,
        from: 'export interface TakeoverOptions',
        to: 'const seen = new WeakSet<object>()\n\nexport interface TakeoverOptions',
      },
    ],
  },
  unfencedAcknowledgement,
  {
    name: 'a worker that may be given up goes on',
    edits: [{ file: 'src/runtime/heard.ts', from: 'if (silentMs > ', to: 'if (silentMs < 0 * ' }],
  },
  endAfterFirst,
  ...coordinatorBugs,
]

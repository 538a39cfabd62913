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

/** A bug and the fault that must bring it to light. */
export interface Planted extends Bug {
  /** The name of the kind, or a part of it. */
  readonly caughtBy: string
}

const takeover = 'src/runtime/takeover.ts'
const slice = 'src/runtime/work-slice.ts'
const tenure = 'src/intake/tenure.ts'

export const planted: readonly Planted[] = [
  { ...unfencedTakeover, caughtBy: 'commit held past a hand-over' },
  { ...offsetFirst, caughtBy: 'error at slice.ready' },
  { ...offsetLast, caughtBy: 'error at slice.ready' },
  {
    name: 'aborted records are read',
    edits: [
      {
        file: 'src/kafka/kafkajs/lane-fetcher.ts',
        from: 'readCommitted(bytes, position, aborted)',
        to: 'readCommitted(bytes, position, aborted.slice(aborted.length))',
      },
    ],
    caughtBy: 'connection lost when all is sent',
  },
  { ...swallowedError, caughtBy: 'error at slice.ready' },
  { ...noAppliedRow, caughtBy: 'error at slice.effected' },
  { ...countsOfChanges, caughtBy: 'error at slice.effected' },
  {
    name: 'a pause is forgotten at the second takeover',
    edits: [
      {
        file: takeover,
        from: 'if (control.held.includes(stage.name)) return',
        to: 'if (control.held.includes(stage.name) && !seen.has(lane) && seen.add(lane)) return',
      },
      {
        file: takeover,
        from: 'export interface TakeoverOptions',
        to: 'const seen = new Set<number>()\n\nexport interface TakeoverOptions',
      },
    ],
    caughtBy: 'pause, rebalance, resume',
  },
  { ...unfencedAcknowledgement, caughtBy: 'pause while a slice is about to commit' },
  { ...endAfterFirst, caughtBy: 'kill of the API' },
  {
    name: 'a slice retried on a rebuilt producer',
    edits: [
      {
        file: slice,
        from: "  } catch (error) {\n    throw new SliceError('line', error)\n  }",
        to: `  } catch (error) {
    const dead: any = transactor
    const rebuilt = await dead.constructor.fence(dead.link, dead.transactionalId, { closed() {}, failed() {} })
    const transaction = await rebuilt.begin()
    for (const send of settled.sends) await transaction.send(send.topic, send.lane, send.records)
    await transaction.commitOffset(stage.name, stage.from.name, lane, slice.next)
    await transaction.commit()
  }`,
      },
    ],
    caughtBy: 'answer to a commit lost with its connection',
  },
  {
    name: 'unsorted aborts',
    edits: [
      {
        file: 'src/kafka/kafkajs/record-batches.ts',
        from: 'aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)',
        to: '[...aborted]',
      },
    ],
    caughtBy: 'transactions that overlap are aborted',
  },
  { ...unfencedEffects, caughtBy: 'a write to PostgreSQL held past a hand-over' },
  {
    name: 'a parser has all the time that it wants',
    edits: [
      {
        file: 'src/sources/parsing/parser-child.ts',
        from: 'if (timer !== expired) return',
        to: 'if (timer !== expired || ready) return',
      },
    ],
    caughtBy: 'a parser hangs',
  },
  {
    name: 'rows of a table without the applied row',
    edits: [
      {
        file: 'src/knowledge/applied.ts',
        from: 'const from = Math.max(first, Number(applied.next_offset))',
        to: "const from = stage === 'tabulating' ? first : Math.max(first, Number(applied.next_offset))",
      },
    ],
    caughtBy: 'kill of TABULATING at slice.effected',
  },
  {
    name: 'INTAKE commits its offset after the events',
    edits: [
      {
        file: tenure,
        from: `    await transaction.commitOffset(group, topic, partition, next)
    await failpoint('slice.ready', { stage: intake, lane: partition })
    await transaction.commit()
`,
        to: `    await transaction.commit()
    await failpoint('slice.ready', { stage: intake, lane: partition })
    const after = await transactor.begin()
    await after.commitOffset(group, topic, partition, next)
    await after.commit()
`,
      },
    ],
    caughtBy: 'kill of INTAKE at slice.ready',
  },
  {
    name: 'no fence where INTAKE takes over',
    edits: [
      {
        file: 'src/intake/partition-worker.ts',
        from: 'broker.fence(transactionalId(intake, partition))',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
        to: 'broker.fence(`${transactionalId(intake, partition)}-${Math.random()}`)',
      },
    ],
    caughtBy: 'INTAKE frozen past its session',
  },
]

import type { Bug } from '../kit/plant.ts'

/** Bugs of the coordinator that break a guarantee. */
export const coordinatorBugs: readonly Bug[] = [
  {
    name: 'the coordinator acknowledges a vacant lane without a fence',
    edits: [
      {
        file: 'src/coordinator/vacancies.ts',
        from: 'await broker.fence(transactionalId(stage, lane))',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
        to: 'await broker.fence(`vacant-${transactionalId(stage, lane)}`)',
      },
    ],
  },
  {
    name: 'a publication is sent again by the next coordinator',
    edits: [
      {
        file: 'src/coordinator/publications.ts',
        from: 'PublicationRow, { id: { $lte: highest } }',
        to: 'PublicationRow, { id: { $lte: 0 * highest } }',
      },
    ],
  },
  {
    name: 'the position in progress is not saved with what follows from it',
    edits: [
      {
        file: 'src/coordinator/reports.ts',
        from: '  return tenure.transaction(async (tx, now) => {\n    await savePosition(tx, progressTopic, batch)\n',
        to: '  await tenure.transaction(tx => savePosition(tx, progressTopic, batch))\n  return tenure.transaction(async (tx, now) => {\n',
      },
    ],
  },
  {
    name: 'a coordinator that lost its lease goes on',
    edits: [
      { file: 'src/coordinator/lease.ts', from: 'if (Number(row?.epoch) !== epoch) throw new LeaseLost()', to: '' },
    ],
  },
  {
    name: 'lanes of a cancelled job are free before they are quiet',
    edits: [
      {
        file: 'src/coordinator/discarding.ts',
        from: `state.status === 'cancelling' && isQuiet(state)`,
        to: `state.status === 'cancelling' && (isQuiet(state) || true)`,
      },
      { file: 'src/coordinator/job.ts', from: 'if (!isQuiet(job)) throw', to: 'if (!isQuiet(job) && !job) throw' },
    ],
  },
]

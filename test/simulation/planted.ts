import type { Bug } from '../kit/plant.ts'
import { coordinatorBugs } from './planted-in-coordinator.ts'

const takeover = 'src/runtime/takeover.ts'
const slice = 'src/runtime/work-slice.ts'
const begin = `    const transaction = await transactor.begin()
    for (const send of settled.sends) await transaction.send(send.topic, send.lane, send.records)
`
const offset = '    await transaction.commitOffset(stage.name, stage.from.name, lane, slice.next)\n'

/** Bugs that break a guarantee; the simulation has to see each of them. */
export const bugs: readonly Bug[] = [
  {
    name: 'no fence at takeover',
    edits: [
      {
        file: takeover,
        from: 'broker.fence(transactionalId(stage.name, lane))',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
        to: 'broker.fence(`${transactionalId(stage.name, lane)}-${Math.random()}`)',
      },
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
  {
    name: 'the offset is committed before the outputs',
    edits: [
      {
        file: slice,
        from: begin + offset,
        to: `    const before = await transactor.begin()
    await before.commitOffset(stage.name, stage.from.name, lane, slice.next)
    await before.commit()
${begin}`,
      },
      { file: 'test/simulation/witness.ts', from: '    if (!whole) this', to: '    if (!whole && !sent) this' },
    ],
  },
  {
    name: 'the offset is committed after the outputs',
    edits: [
      {
        file: slice,
        from: `${begin}${offset}    await failpoint('slice.ready', where)
    await transaction.commit()
`,
        to: `${begin}    await transaction.commit()
    const after = await transactor.begin()
    await after.commitOffset(stage.name, stage.from.name, lane, slice.next)
    await after.commit()
`,
      },
      { file: 'test/simulation/witness.ts', from: '    if (!whole) this', to: '    if (!whole && !sent) this' },
    ],
  },
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
  {
    name: 'an error of the commit is swallowed',
    edits: [
      {
        file: slice,
        from: "  } catch (error) {\n    throw new SliceError('line', error)\n  }",
        to: "  } catch (error) {\n    options.log.warn({ err: error }, 'swallowed')\n  }",
      },
    ],
  },
  {
    name: 'effects without the applied row',
    edits: [
      {
        file: 'src/knowledge/applied.ts',
        from: 'const from = Math.max(first, Number(applied.next_offset))',
        to: 'const from = Math.max(first, 0 * Number(applied.next_offset))',
      },
    ],
  },
  {
    name: 'effects without a fence',
    edits: [
      {
        file: 'src/knowledge/applied.ts',
        from: 'where job_id = $1 and stage = $2 and lane = $3 and fence = $4 for update',
        to: 'where job_id = $1 and stage = $2 and lane = $3 and $4 > 0 for update',
      },
    ],
  },
  {
    name: 'counts of what was changed instead of what came in',
    edits: [
      {
        file: slice,
        from: 'const refused = await effect(options, ',
        to: `let changed = !stage.effect
  const store = options.effects!
  const counting = {
    ...store,
    apply: (claim: any, first: any, next: any, work: any) =>
      store.apply(claim, first, next, (writer, from) => {
        changed = true
        return work(writer, from)
      }),
  }
  const refused = await effect({ ...options, effects: stage.effect ? counting : null }, `,
      },
      {
        file: slice,
        from: '      inputs,\n      outcomes,\n',
        to: '      inputs: changed ? inputs : [],\n      outcomes: changed ? outcomes : [],\n',
      },
    ],
  },
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
  {
    name: 'an acknowledgement that neither waits nor is fenced',
    edits: [
      {
        file: 'src/runtime/lane-worker.ts',
        from: '    this.#running = this.#running\n      .then(() => this.#work(activation))',
        to: '    this.#running = this.#work(activation)',
      },
      {
        file: takeover,
        from: 'broker.fence(transactionalId(stage.name, lane))',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
        to: 'broker.fence(gate.of(lane)?.held.includes(stage.name) ? `held-${stage.name}-${lane}` : transactionalId(stage.name, lane))',
      },
    ],
  },
  {
    name: 'a worker that may be given up goes on',
    edits: [{ file: 'src/runtime/heard.ts', from: 'if (silentMs > ', to: 'if (silentMs < 0 * ' }],
  },
  {
    name: 'the end after the first source',
    edits: [
      {
        file: 'src/stages/loading.ts',
        from: 'if (source_index === job.sources.length)',
        to: 'if (source_index === Math.min(1, job.sources.length))',
      },
    ],
  },
  ...coordinatorBugs,
]

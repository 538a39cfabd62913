import type { Bug } from './plant.ts'

/** Bugs that break a guarantee wherever it is tested: the fault rig and the simulation both have to see them. */

const takeover = 'src/runtime/takeover.ts'
const slice = 'src/runtime/work-slice.ts'
const applied = 'src/knowledge/applied.ts'
const sends = `    const transaction = await transactor.begin()
    for (const send of settled.sends) await transaction.send(send.topic, send.lane, send.records)
`
const offset = '    await transaction.commitOffset(stage.name, stage.from.name, lane, slice.next)\n'

export const unfencedTakeover: Bug = {
  name: 'no fence at takeover',
  edits: [
    {
      file: takeover,
      from: 'broker.fence(transactionalId(stage.name, lane))',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
      to: 'broker.fence(`${transactionalId(stage.name, lane)}-${Math.random()}`)',
    },
  ],
}

export const offsetFirst: Bug = {
  name: 'the offset is committed before the outputs',
  edits: [
    {
      file: slice,
      from: sends + offset,
      to: `    const before = await transactor.begin()
    await before.commitOffset(stage.name, stage.from.name, lane, slice.next)
    await before.commit()
${sends}`,
    },
  ],
}

export const offsetLast: Bug = {
  name: 'the offset is committed after the outputs',
  edits: [
    {
      file: slice,
      from: `${sends}${offset}    await failpoint('slice.ready', where)
    await transaction.commit()
`,
      to: `${sends}    await transaction.commit()
    await failpoint('slice.ready', where)
    const after = await transactor.begin()
    await after.commitOffset(stage.name, stage.from.name, lane, slice.next)
    await after.commit()
`,
    },
  ],
}

export const swallowedError: Bug = {
  name: 'an error of the commit is swallowed',
  edits: [
    {
      file: slice,
      from: "  } catch (error) {\n    throw new SliceError('line', error)\n  }",
      to: "  } catch (error) {\n    options.log.warn({ err: error }, 'swallowed')\n  }",
    },
  ],
}

export const noAppliedRow: Bug = {
  name: 'effects without the applied row',
  edits: [
    {
      file: applied,
      from: 'const from = Math.max(first, Number(applied.next_offset))',
      to: 'const from = Math.max(first, 0 * Number(applied.next_offset))',
    },
  ],
}

export const unfencedEffects: Bug = {
  name: 'effects without a fence',
  edits: [
    {
      file: applied,
      from: 'and lane = $3 and fence = $4 for update',
      to: 'and lane = $3 and $4::bigint > 0 for update',
    },
  ],
}

export const countsOfChanges: Bug = {
  name: 'counts of what was changed instead of what came in',
  edits: [
    {
      file: slice,
      from: 'const refused = await applySlice(options, ',
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
  const refused = await applySlice({ ...options, effects: stage.effect ? counting : null }, `,
    },
    {
      file: slice,
      from: '      inputs,\n      outcomes,\n',
      to: '      inputs: changed ? inputs : [],\n      outcomes: changed ? outcomes : [],\n',
    },
  ],
}

export const unfencedAcknowledgement: Bug = {
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
}

export const endAfterFirst: Bug = {
  name: 'the end after the first source',
  edits: [
    {
      file: 'src/stages/loading.ts',
      from: 'if (source_index === job.sources.length)',
      to: 'if (source_index === Math.min(1, job.sources.length))',
    },
  ],
}

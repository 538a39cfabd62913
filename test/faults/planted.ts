import type { Bug } from '../kit/plant.ts'

/** A bug and the fault that must bring it to light. */
export interface Planted extends Bug {
  /** The name of the kind, or a part of it. */
  readonly caughtBy: string
}

const takeover = 'src/runtime/takeover.ts'
const slice = 'src/runtime/work-slice.ts'
const sends = `    const transaction = await transactor.begin()
    for (const send of settled.sends) await transaction.send(send.topic, send.lane, send.records)
`
const offset = '    await transaction.commitOffset(stage.name, stage.from.name, lane, slice.next)\n'

export const planted: readonly Planted[] = [
  {
    name: 'no fence at takeover',
    edits: [
      {
        file: takeover,
        from: 'broker.fence(transactionalId(stage.name, lane))',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
        to: 'broker.fence(`${transactionalId(stage.name, lane)}-${process.hrtime.bigint()}`)',
      },
    ],
    caughtBy: 'commit held past a hand-over',
  },
  {
    name: 'offset committed before the outputs',
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
    caughtBy: 'error at slice.ready',
  },
  {
    name: 'offset outside of the transaction of the outputs',
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
    caughtBy: 'error at slice.ready',
  },
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
  {
    name: 'an error of the commit is swallowed',
    edits: [
      {
        file: slice,
        from: "  } catch (error) {\n    throw new SliceError('line', error)\n  }",
        to: "  } catch (error) {\n    options.log.warn({ err: error }, 'swallowed')\n  }",
      },
    ],
    caughtBy: 'error at slice.ready',
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
    caughtBy: 'error at slice.effected',
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
    caughtBy: 'error at slice.effected',
  },
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
    caughtBy: 'pause while a slice is about to commit',
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
    caughtBy: 'kill of the API',
  },
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
  {
    name: 'an applied row without its fence',
    edits: [
      {
        file: 'src/knowledge/applied.ts',
        from: 'and lane = $3 and fence = $4 for update',
        to: 'and lane = $3 and $4::bigint > 0 for update',
      },
    ],
    caughtBy: 'a write to PostgreSQL held past a hand-over',
  },
]

import { type Infer, type RecordSchema, tag } from './avro.ts'

/** "Every lane of every phase is done: leave the kb as it should be." One record a step, each safe to repeat. */
export const finishRequest = {
  type: 'record',
  name: 'FinishRequest',
  namespace: 'penstock',
  doc: 'One step of FINISHING.',
  fields: [
    tag('finish_request'),
    { name: 'job_id', type: 'string' },
    {
      name: 'step',
      type: {
        type: 'enum',
        name: 'finish_step',
        symbols: ['drop_unflipped', 'sweep_unseen', 'prune_versions', 'build_index', 'flip_tables'],
      },
    },
  ],
} as const satisfies RecordSchema

export type FinishRequest = Infer<typeof finishRequest>

import { preview, previewRequest } from './previews.ts'
import { busy, invalid, route } from './route.ts'

export const previewRoutes = {
  previewSource: route({
    method: 'POST',
    path: '/api/sources/preview',
    tag: 'ingestion',
    summary:
      'What a source would yield: its first documents, its total and what would be rejected; nothing is ingested',
    body: previewRequest,
    answer: preview,
    statuses: { 200: 'What it yields.' },
    errors: { ...invalid, ...busy },
  }),
} as const

import type { Readable } from 'node:stream'
import { tooLarge, UploadRefusal } from '../uploads/uploads.ts'
import { ApiError, notFound } from './api-error.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** Milliseconds in which something of a file must arrive. */
const patienceMs = 60_000

const statuses = {
  upload_too_large: 413,
  upload_quota: 413,
  disk_full: 507,
  path_taken: 409,
  upload_incomplete: 400,
} as const

/** Files that users send. */
export const uploadHandlers = ({
  uploads,
}: Pick<ApiPorts, 'uploads'>): Pick<Handlers, 'upload' | 'uploads' | 'deleteUpload'> => ({
  upload: {
    async answer({ params: { kb_id, path } }, { octets, announced }) {
      if (announced > uploads.maxBytes) throw refused(tooLarge(uploads.maxBytes))
      const { content, late, stop } = watched(octets!)
      try {
        return { status: 200, body: { path, ...(await uploads.put(kb_id, path, content, announced)) } }
      } catch (error) {
        if (late())
          throw new ApiError(408, 'upload_stalled', 'Nothing of the file arrived for a minute. Send it again.')
        throw error instanceof UploadRefusal ? refused(error) : error
      } finally {
        stop()
      }
    },
  },
  uploads: {
    async answer({ params: { kb_id }, query: { limit, after } }) {
      return { status: 200, body: await uploads.list(kb_id, { limit, after: after ?? null }) }
    },
  },
  deleteUpload: {
    async answer({ params: { kb_id, path } }) {
      if (!(await uploads.delete(kb_id, path))) throw notFound('upload', path)
      return { status: 200, body: { path } }
    },
  },
})

/** What is left of the body is not waited for. */
const refused = (error: UploadRefusal): ApiError =>
  new ApiError(statuses[error.code], error.code, error.message, { cause: error, headers: { Connection: 'close' } })

/** A body that ends with an error when it stalls. */
const watched = (content: Readable) => {
  let late = false
  const expire = () => {
    late = true
    content.destroy(new Error('The file stalled.'))
  }
  let timer = setTimeout(expire, patienceMs)
  content.on('data', () => {
    clearTimeout(timer)
    timer = setTimeout(expire, patienceMs)
  })
  content.pause()
  return { content, late: () => late, stop: () => clearTimeout(timer) }
}

import { z } from 'zod'
import { MiB, setting } from './define.ts'
import { integer, path, paths, url } from './values.ts'

/** Where sources read, and how much of it. */
export const sourceSettings = z.object({
  fileRoots: setting('PENSTOCK_FILE_ROOTS', paths(), 'The folders below which local files may be read.'),
  maxFileBytes: setting(
    'PENSTOCK_MAX_FILE_BYTES',
    integer(1, 4096 * MiB).default(64 * MiB),
    'Files larger than this many bytes are rejected.',
  ),
  maxStreamedBytes: setting(
    'PENSTOCK_MAX_STREAMED_BYTES',
    integer(1, 1024 * 1024 * MiB).default(16 * 1024 * MiB),
    'Files of tables, which are read piece by piece, may have this many bytes.',
  ),
  youtubeUrl: setting(
    'PENSTOCK_YOUTUBE_URL',
    url(['http:', 'https:'], 'no password').default('https://www.youtube.com'),
    'Where videos of YouTube are asked for; PENSTOCK_FETCH_ALLOW has to name it where it is not public.',
  ),
  uploadDir: setting(
    'PENSTOCK_UPLOAD_DIR',
    path().optional(),
    'Where files that users upload are kept, the same for every process; `uploads` in the data folder unless set.',
  ),
  maxUploadBytes: setting(
    'PENSTOCK_MAX_UPLOAD_BYTES',
    integer(1, 1024 * 1024 * MiB).default(1024 * MiB),
    'Uploads larger than this many bytes are refused.',
  ),
  uploadReserveBytes: setting(
    'PENSTOCK_UPLOAD_RESERVE_BYTES',
    integer(0, 1024 * 1024 * MiB).default(1024 * MiB),
    'Uploads leave this many bytes free on their disk; those that would not are refused.',
  ),
  uploadQuotaBytes: setting(
    'PENSTOCK_UPLOAD_QUOTA_BYTES',
    integer(1, 1024 * 1024 * MiB).optional(),
    'All uploads of a knowledge base may have this many bytes together; no bound unless set.',
  ),
})

/** What keys may do; `admin` may do all that the others may. */
export const scopes = ['read', 'ingest', 'control', 'metrics', 'admin'] as const
export type Scope = (typeof scopes)[number]

export const allows = (had: readonly Scope[], needed: Scope): boolean => had.includes(needed) || had.includes('admin')

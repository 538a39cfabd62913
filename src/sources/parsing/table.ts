import { parseFrontMatter } from './front-matter-yaml.ts'

/** The parsers that run in children, by name. */
export const parsers = { front_matter: parseFrontMatter } as const

export type OwnParsers = typeof parsers

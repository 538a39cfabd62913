/** Penstock's own parsers, in which some texts bring about what a file of others can: "poison: hangs". */
import { parsers as own } from '../../src/sources/parsing/table.ts'

/** What is to happen, by the word in the text. */
export const poisons = {
  hangs: () => {
    for (;;);
  },
  dies: () => process.abort(),
  swells: () => {
    const kept: Buffer[] = []
    for (;;) kept.push(Buffer.alloc(8 * 1024 * 1024, 1))
  },
} as const

export type Poison = keyof typeof poisons

const isPoison = (word: string | undefined): word is Poison => word !== undefined && word in poisons

export const parsers: typeof own = {
  ...own,
  front_matter: yaml => {
    const word = /^poison: (\w+)$/m.exec(yaml)?.[1]
    if (isPoison(word)) poisons[word]()
    return own.front_matter(yaml)
  },
}

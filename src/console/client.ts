import { createContext, useContext } from 'react'
import { type Client, createClient } from '../api/client.ts'

const stored = 'penstock.key'

/** The key that this tab was given, as long as it is open; null before. */
export const keptKey = (): string | null => sessionStorage.getItem(stored)

export const keepKey = (key: string | null): void => {
  if (key === null) sessionStorage.removeItem(stored)
  else sessionStorage.setItem(stored, key)
}

/** A client of the API that serves this page. */
export const clientWith = (key: string | null): Client =>
  createClient(location.origin, key === null ? {} : { apiKey: key })

export const ClientContext = createContext<Client>(clientWith(null))
export const useClient = (): Client => useContext(ClientContext)

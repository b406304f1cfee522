import type { Connection } from '@temporalio/client'
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts'

/** Temporal's numbers of the types that our search attributes have. */
const TYPE_NUMBERS = { KEYWORD: 2, INT: 3 } as const

/**
 * Adds the search attributes that are missing in the namespace. Safe to call from every worker at every start: a
 * colleague that was first is no error.
 */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const existing = await connection.operatorService.listSearchAttributes({ namespace })
  const missing = Object.values(SEARCH_ATTRIBUTES).filter(({ name }) => !(name in (existing.customAttributes ?? {})))
  if (missing.length > 0) await addSearchAttributes(connection, namespace, missing)
}

/** Adds search attributes without looking first, for servers that cannot list them. */
export async function addSearchAttributes(
  connection: Connection,
  namespace: string,
  attributes: readonly (typeof SEARCH_ATTRIBUTES)[keyof typeof SEARCH_ATTRIBUTES][] = Object.values(SEARCH_ATTRIBUTES),
): Promise<void> {
  const searchAttributes = Object.fromEntries(attributes.map(({ name, type }) => [name, TYPE_NUMBERS[type]]))
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes })
  } catch (error) {
    if (!/already exist/i.test(String(error))) throw error
  }
}

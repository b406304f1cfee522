import { parseJson } from '../../domain/json.ts'
import { problemsOf } from '../loopback-server.ts'
import { codeOf, type ParsedState, readStateFile, writeStateFile } from '../state-file.ts'
import { firstPoolOnly, follow, isFencedOff, type Routing, stateSchema, stateText, type Wish } from './routing.ts'

/** The routing in force, and the one way to change it. */
export interface RoutingStore {
  /** Replaced as a whole: a request sees either the old or the new one. */
  readonly current: Routing
  /** What people should know of the state file, as a sentence; null when it holds what is in force. */
  readonly notice: string | null
  /**
   * Writes the routing to disk and puts it in force, also when the disk does not take it: users must not stay where they
   * should not be because a disk is full. Answers with what people should know, or that its fence is too old and nothing
   * was changed.
   */
  replace(wish: Wish): Promise<{ readonly isTaken: boolean; readonly notice: string | null }>
}

/**
 * Opens the state file; a missing one means that nobody has set anything yet. One that holds no routing of these pools is
 * set aside, and everybody is on the first pool as at the very beginning. Never throws.
 */
export async function openRoutingStore(file: string, pools: readonly [string, string]): Promise<RoutingStore> {
  const kept = await readStateFile(file, (text) => parseState(text, pools))
  let current = kept.kind === 'kept' ? kept.value : firstPoolOnly(pools)
  let found = kept.kind === 'damaged' ? `${kept.notice}; everybody was put on ${pools[0]}` : null
  let unsaved: string | null = null
  let lastWrite: Promise<unknown> = Promise.resolve()
  return {
    get current() {
      return current
    },
    get notice() {
      return unsaved ?? found
    },
    replace(wish) {
      const write = lastWrite.then(async () => {
        if (isFencedOff(wish.fence, current)) return { isTaken: false, notice: null }
        const next = follow(current, wish)
        unsaved = await save(file, next)
        current = next
        const notice = unsaved ?? found
        // Whoever changes something learns of the file that was set aside; after that it holds what is in force.
        found = null
        return { isTaken: true, notice }
      })
      lastWrite = write
      return write
    },
  }
}

function parseState(text: string, pools: readonly [string, string]): ParsedState<Routing> {
  const json = parseJson(text)
  if (json === undefined) return { ok: false, problem: 'it is not JSON' }
  const parsed = stateSchema(pools).safeParse(json)
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, problem: problemsOf(parsed.error, json) }
}

/** Null when it is on disk, else what a restart would do. */
async function save(file: string, routing: Routing): Promise<string | null> {
  try {
    await writeStateFile(file, stateText(routing))
    return null
  } catch (error) {
    return `the routing is in force but could not be written to ${file} (${codeOf(error)}): a restart would bring back the one before it`
  }
}

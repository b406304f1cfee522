import { open, readFile, rename } from 'node:fs/promises'
import { SluiceError } from '../../domain/errors.ts'
import { problemsOf } from '../loopback-server.ts'
import { firstPoolOnly, isFencedOff, stateSchema, type Routing } from './routing.ts'

/** The routing in force, and the one way to change it. */
export interface RoutingStore {
  /** Replaced as a whole: a request sees either the old or the new one. */
  readonly current: Routing
  /** Writes the routing to disk, then puts it in force. Answers false, and changes nothing, when its fence is too old. */
  replace(routing: Routing & { readonly fence: NonNullable<Routing['fence']> }): Promise<boolean>
}

/**
 * Opens the state file; a missing one means that nobody has set anything yet. Throws `config.invalid` when it does not
 * hold a routing of these pools: guessing could move every user.
 */
export async function openRoutingStore(file: string, pools: readonly [string, string]): Promise<RoutingStore> {
  let current = await load(file, pools)
  let lastWrite: Promise<unknown> = Promise.resolve()
  return {
    get current() {
      return current
    },
    replace(routing) {
      const write = lastWrite.then(async () => {
        if (isFencedOff(routing.fence, current)) return false
        await save(file, routing)
        current = routing
        return true
      })
      lastWrite = write.catch(() => undefined)
      return write
    },
  }
}

async function load(file: string, pools: readonly [string, string]): Promise<Routing> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return firstPoolOnly(pools)
  const parsed = stateSchema(pools).safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  throw new SluiceError('config.invalid', {
    message: 'The state file of the data plane does not fit its pools.',
    expected: `a routing of ${pools.join(' and ')} in ${file}`,
    received: problemsOf(parsed.error),
    fix: `Put the pools back as they were, or delete ${file} to send everybody to ${pools[0]}.`,
  })
}

/** A reader, or a start after a crash, finds either the old file or the new one. */
async function save(file: string, routing: Routing): Promise<void> {
  const draft = `${file}.new`
  const handle = await open(draft, 'w', 0o600)
  try {
    await handle.writeFile(JSON.stringify(routing))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

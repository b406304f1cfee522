import { createHash } from 'node:crypto'
import { FLAG_OFF } from '../../domain/flag-reach.ts'
import type { Milliseconds } from '../../domain/units.ts'
import { LATE, within } from '../../outbound/within.ts'
import type { ServedFlags } from '../served-flags.ts'
import { definitionOf, parseFlagSet, writeFlagSet } from './definitions.ts'
import { createEvaluator, type Evaluator } from './evaluation.ts'
import { readNewest, type Version, watchFolder } from './folder.ts'

/** How long an evaluation waits to learn whether there is a newer version, before it goes by the one it knows. */
const LONGEST_LOOK: Milliseconds = 100

interface ServedSettings {
  readonly folder: string
  /** Flags that exist although nothing has been written yet; they are off. */
  readonly known: readonly string[]
  readonly attribute: string
  readonly token: string | null
  readonly address: string | null
}

interface Loaded {
  readonly version: number
  readonly text: string
  readonly evaluator: Evaluator
}

/** Serves the newest version of a folder. It is looked at before each answer, so no answer is older than its request. */
export function createServedFlags(settings: ServedSettings): ServedFlags {
  const { folder, token, address } = settings
  const listeners = new Set<(version: number) => void>()
  let loaded: Loaded | null = null
  let looking: Promise<Loaded> | null = null
  let following: Promise<Loaded> | null = null
  let unwatch: (() => void) | null = null

  async function look(): Promise<Loaded> {
    const newest = await readNewest(folder)
    if (loaded !== null && loaded.version >= newest.number) return loaded
    const next = await load(newest, settings, loaded)
    const isNews = loaded !== null
    loaded = next
    if (isNews) for (const listener of listeners) listener(next.version)
    return next
  }

  /** One look at a time; whoever comes during one shares the next, because what is under way may have read already. */
  function lookAnew(): Promise<Loaded> {
    if (looking === null) {
      looking = look().finally(() => {
        looking = null
      })
      return looking
    }
    following ??= looking
      .catch(() => undefined)
      .then(() => {
        following = null
        return lookAnew()
      })
    return following
  }

  async function current(): Promise<Loaded> {
    if (loaded === null) return lookAnew()
    const known = loaded
    // A drive that hangs must not keep applications from the flags that are known.
    const fresh = await within({ deadline: LONGEST_LOOK }, () => lookAnew()).catch(() => known)
    return fresh === LATE ? known : fresh
  }

  return {
    token,
    address,
    evaluate: async (key, context) => (await current()).evaluator.one(key, context),
    async evaluateAll(context) {
      const { evaluator, version, text } = await current()
      return { flags: evaluator.all(context), etag: tagOf(version, text, JSON.stringify(context)) }
    },
    async definitions() {
      const { text, version } = await current()
      return { text, etag: tagOf(version, text) }
    },
    version: async () => (await current()).version,
    watch(onChange) {
      listeners.add(onChange)
      unwatch ??= watchFolder(folder, () => void lookAnew().catch(() => undefined))
      return () => {
        listeners.delete(onChange)
        if (listeners.size > 0) return
        unwatch?.()
        unwatch = null
      }
    },
    close() {
      listeners.clear()
      unwatch?.()
      unwatch = null
    },
  }
}

/** The text is part of it: processes that know other flags, in the middle of a change of `sluice.yaml`, answer otherwise. */
function tagOf(version: number, ...parts: readonly string[]): string {
  const digest = createHash('sha256')
  for (const part of parts) digest.update(part).update('\0')
  return `"${version}-${digest.digest('base64url').slice(0, 22)}"`
}

/** What cannot be read as flags at all leaves the ones before in force. */
async function load(newest: Version, { known, attribute }: ServedSettings, before: Loaded | null): Promise<Loaded> {
  const written = parseFlagSet(newest.text)
  if (written === null && before !== null) return { ...before, version: newest.number }
  const off = definitionOf(FLAG_OFF, null, attribute)
  const flags = { ...Object.fromEntries(known.map((name) => [name, off])), ...written }
  const evaluator = await createEvaluator(flags, newest.number)
  return { version: newest.number, text: writeFlagSet(flags, newest.number), evaluator }
}

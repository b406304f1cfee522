import type { Installation } from '../config/installation.ts'
import type { AdapterLists } from '../config/installation-schema.ts'
import { describeError, SluiceError } from '../domain/errors.ts'
import { targetName } from '../domain/target.ts'
import type { ServedFlagsByTarget } from './routes/flags.ts'

/**
 * The flags of each target whose store has this process answer applications. A target whose token is missing is left out and
 * `tell` hears why: everybody else must be able to abort a release all the same.
 */
export function servedFlagsOf(
  { targets }: Pick<Installation, 'targets'>,
  { flagStores }: Pick<AdapterLists, 'flagStores'>,
  tell: (sentence: string) => void,
): ServedFlagsByTarget {
  return new Map(
    targets.flatMap((target) => {
      const { flags } = target
      const listed = flags === undefined ? undefined : flagStores.find(({ kind }) => kind === flags.kind)
      try {
        const served = listed?.serveWith?.(flags) ?? null
        return served === null ? [] : [[targetName(target), served] as const]
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error
        tell(`the flags of ${targetName(target)} are not served: ${describeError(error)}`)
        return []
      }
    }),
  )
}

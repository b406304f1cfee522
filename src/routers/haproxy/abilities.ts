import { SluiceError } from '../../domain/errors.ts'
import type { Milliseconds } from '../../domain/units.ts'
import { abilityOf } from './config-text.ts'
import type { NodeSettings } from './node.ts'
import { describeAddress, runCommands } from './runtime-api.ts'
import type { MapEntry } from './split-map.ts'
import { MATCH_KEY, TICKET_KEY } from './target-entries.ts'

/**
 * Makes sure that the configuration of a node goes by these entries: an entry that no line of it looks up would be a silent
 * no-op. Entries that need no further lines are not asked about.
 * @throws SluiceError `router.misconfigured`
 */
export async function checkAbilities(
  node: NodeSettings,
  entries: readonly MapEntry[],
  deadline: Milliseconds,
  signal: AbortSignal,
): Promise<void> {
  const needed = neededFor(entries, node.map)
  if (needed.length === 0) return
  const [lists = []] = await runCommands(node.address, ['show acl'], deadline, signal)
  const ids = lists.flatMap((line) => /^(\d{1,9}) \(.*\) acl 'str' /.exec(line)?.[1] ?? [])
  const shown =
    ids.length === 0
      ? []
      : await runCommands(
          node.address,
          ids.map((id) => `show acl #${id}`),
          deadline,
          signal,
        )
  const known = new Set(shown.flat().map((line) => line.split(' ')[1]))
  const lacking = needed.filter((ability) => !known.has(ability))
  if (lacking.length === 0) return
  throw new SluiceError('router.misconfigured', {
    message: `the configuration of HAProxy at ${describeAddress(node.address)} does not look for what this exposure goes by`,
    expected: lacking.map((ability) => ability.slice(abilityOf(node.map, '').length)).join(', '),
    received: known.size === 0 ? 'no lines of `sluice router config`' : 'lines of `sluice router config` without it',
    fix: 'print the lines anew with `sluice router config`, put them into haproxy.cfg and reload HAProxy',
  })
}

function neededFor(entries: readonly MapEntry[], map: string): readonly string[] {
  const whats = entries.flatMap(([key]) => {
    if (key.startsWith(TICKET_KEY)) return ['tickets']
    return key.startsWith(MATCH_KEY) ? [sourceIn(key)] : []
  })
  return [...new Set(whats)].map((what) => abilityOf(map, what))
}

/** `header:x-country` of `is:header:x-country:de`; what stands after it may hold colons of its own. */
function sourceIn(key: string): string {
  const [, kind = '', name = ''] = key.split(':')
  return kind === 'user' ? kind : `${kind}:${name}`
}

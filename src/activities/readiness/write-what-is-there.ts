import type { PoolRoles } from '../../domain/exposure.ts'
import { exposureText } from '../../domain/exposure-words.ts'
import { fenceOf } from '../../domain/fenced-error.ts'
import { flagsText } from '../../domain/flag-reach.ts'
import { flagsIn } from '../../domain/plan/plan-flags.ts'
import type { RouteSight, WriteSight } from '../../domain/readiness/rules.ts'
import { isRoutedAs, routingText } from '../../routers/router.ts'
import type { Holder } from '../activities.ts'
import { applyAndReadBack } from '../expose.ts'
import type { Checklist } from './checklist.ts'

/**
 * Writes what the router has already, with the fence and the right of whoever holds it, and reads it back. Where it shows
 * anything else nothing is written: to put it right is the holder's work.
 */
export async function writeWhatIsThere(asked: Checklist, signal: AbortSignal): Promise<WriteSight> {
  const { input, adapters, permit } = asked
  const { holder, target } = input
  if (holder === null) return { kind: 'taken', by: 'a release, or the lane on its way back, has the router in hand' }
  const roles = await asked.roles()
  const wish = { ...holder, roles }
  const observed = await adapters.router.read(signal, Object.keys(holder.exposure.flags ?? {}))
  if (observed.isUnrouted === true) return readFlags(asked, signal)
  if (!isRoutedAs(observed, wish))
    return { kind: 'not-at-rest', shows: routingText(observed, roles), wanted: exposureText(holder.exposure) }
  try {
    await applyAndReadBack(adapters.router, { target, ...wish }, signal, permit)
    return { kind: 'shown', stable: roles.stable }
  } catch (error) {
    if (fenceOf(error) === null) throw error
    return { kind: 'taken', by: 'another release has taken the router meanwhile' }
  }
}

/** Between releases flags belong to their store, so that nothing of them is written. */
async function readFlags({ adapters, input }: Checklist, signal: AbortSignal): Promise<WriteSight> {
  const { flags = {}, flagFault } = await adapters.router.read(signal, flagsIn(input.plan.actions))
  if (flagFault !== undefined) throw flagFault
  return { kind: 'unrouted', flags: flagsText(flags) || 'the plan sets none' }
}

/**
 * Asks for the version through the router, once as the only one who has a try-it ticket and once as anybody. Tickets are let
 * in for that moment where the holder does not let them in anyway; nobody else has one, so nobody is moved. Who is cut off in
 * between leaves that to the holder, who writes the whole wish anew.
 */
export async function askThroughRouter(
  asked: Checklist & { readonly holder: Holder; readonly version: string },
  roles: PoolRoles,
  signal: AbortSignal,
): Promise<RouteSight | null> {
  const { adapters, outside, input, holder, version, permit } = asked
  const { target } = input
  const wish = { target, ...holder, roles }
  const ask = (testerOf: string | null) => outside.reached({ target, version, roles, testerOf }, signal)
  const others = await ask(null)
  if (others === null) return null
  const letIn = holder.exposure.tickets === true
  if (!letIn)
    await applyAndReadBack(
      adapters.router,
      { ...wish, exposure: { ...holder.exposure, tickets: true } },
      signal,
      permit,
    )
  try {
    const tester = await ask(holder.releaseId)
    return tester === null ? null : { tester, others }
  } finally {
    if (!letIn) await applyAndReadBack(adapters.router, wish, signal, permit)
  }
}

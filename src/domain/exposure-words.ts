import type { Exposure } from './exposure.ts'
import { flagsText } from './flag-reach.ts'
import { formatWeight } from './units.ts'

/** What has confirmed an exposure: each holder of a part of it. */
export function confirmers(exposure: Exposure): string {
  const holder = holderText(exposure)
  return exposure.flags === undefined || exposure.byFlags === true ? holder : `${holder} and the flag store`
}

/** What holds an exposure. */
export function holderText({ byFlags }: Exposure): string {
  return byFlags === true ? 'the flag store' : 'the router'
}

/** `5% on green`; of a target without a router what its flags are. */
export function exposedText(exposure: Exposure, pool: string): string {
  return exposure.byFlags === true ? exposureText(exposure) : `${exposureText(exposure)} on ${pool}`
}

/** `5%`, `5% and beta, internal`, `0% and copies of 10%`, `5%, flag new-checkout on` or, without a router, `flag new-checkout 5%`. */
export function exposureText(exposure: Exposure): string {
  if (exposure.byFlags === true) return flagsText(exposure.flags) || 'no flag set'
  const weight = formatWeight(exposure.weight)
  const { mirror } = exposure
  const others = [
    ...exposure.cohorts,
    ...(exposure.tickets === true ? ['try-it tickets'] : []),
    ...(mirror === undefined ? [] : [`copies of ${formatWeight(mirror)}`]),
  ]
  const users = others.length === 0 ? weight : `${weight} and ${others.join(', ')}`
  const flags = flagsText(exposure.flags)
  return flags === '' ? users : `${users}, ${flags}`
}

/** What the two sides of a comparison are called in sentences. */
export interface ArmNames {
  readonly canary: string
  readonly stable: string
}

/** Their names when the versions are not known or cannot be told apart. */
export const ROLE_NAMES: ArmNames = { canary: 'canary', stable: 'stable' }

/** Longest name in a sentence; longer ones, such as image digests, lose their middle. */
const LONGEST_NAME = 32

/**
 * The versions as names: `2.4.0` and `2.3.9`. Stable stays `stable` when nobody knows what it is. A version that is
 * released over itself, or that is called like the other side's role, would say the same of both: then the roles are.
 */
export function armNames(version: string, replaces: string | null): ArmNames {
  const canary = shortName(version)
  const stable = replaces === null ? ROLE_NAMES.stable : shortName(replaces)
  const isClear = canary !== stable && canary !== ROLE_NAMES.stable && stable !== ROLE_NAMES.canary
  return isClear && canary !== '' && stable !== '' ? { canary, stable } : ROLE_NAMES
}

/** Where flags alone say who gets what: who has it goes by its name. */
export function flagArmNames(flags: readonly string[]): ArmNames {
  const [only = ''] = flags
  return { canary: flags.length === 1 ? shortName(only) : 'the flags', stable: 'the rest' }
}

function shortName(version: string): string {
  const name = version.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
  if (name.length <= LONGEST_NAME) return name
  const kept = LONGEST_NAME - 1
  return `${name.slice(0, Math.ceil(kept / 2))}…${name.slice(-Math.floor(kept / 2))}`
}

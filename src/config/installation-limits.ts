import type { ValueLimits } from '../domain/yaml/plain-value.ts'
import type { TextLimits } from '../domain/yaml/yaml-scan.ts'

/** Targets of one installation. */
export const MOST_TARGETS = 5_000

/** What the text of `sluice.yaml` may be: 5,000 targets with everything a target can say, three times over. */
export const INSTALLATION_LIMITS: TextLimits = {
  noun: 'a sluice.yaml',
  characters: 16 * 1_048_576,
  tokens: 3_000_000,
  levels: 32,
  aliases: 20_000,
  errors: { tooLarge: 'config.invalid', tooDeep: 'config.invalid' },
}

/** The same for its values, aliases written out. */
export const INSTALLATION_VALUE_LIMITS: ValueLimits = { noun: 'a sluice.yaml', values: 1_000_000, levels: 32, key: 256 }

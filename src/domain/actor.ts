/** The doors by which a command comes in. */
export const ENTRANCES = ['http', 'cli', 'slack', 'temporal', 'demo'] as const

/** Who sends a command and by which door. `person` is the canonical id: the same for Slack, CLI and web. */
export interface Actor {
  readonly person: string
  readonly entrance: (typeof ENTRANCES)[number]
}

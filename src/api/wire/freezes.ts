import { z } from 'zod'
import { instant, list } from './shapes.ts'

const standing = {
  isOpen: z.boolean().meta({ description: 'Whether an exposure may be raised now' }),
  frozenBy: list(z.string()).meta({ description: 'Freezes that hold now' }),
  opensAt: instant.nullable().meta({ description: 'Next opening; null when none is known within 400 days' }),
  closesAt: instant.nullable().meta({ description: 'Next closing; null when none is known within 400 days' }),
  problem: z.string().nullable().meta({ description: 'Why it cannot be read; it counts as closed then' }),
}

export const freezes = z
  .object({
    at: instant,
    windows: list(z.object({ name: z.string(), ...standing })),
    freezes: list(
      z.object({
        name: z.string(),
        override: z.string().nullable().meta({ description: 'The group whose people may start in it, with a reason' }),
        ...standing,
      }),
    ),
    targets: list(
      z.object({ service: z.string(), environment: z.string(), freezes: list(z.string()), ...standing }),
    ).meta({
      description: 'Those that have freezes of their own in sluice.yaml',
    }),
  })
  .meta({ id: 'Freezes' })

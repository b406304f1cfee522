import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { createOverview } from '../../calendars/overview.ts'
import type { Installation } from '../../config/installation.ts'
import type { Instant } from '../../domain/units.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { type AnswerTo, OPERATIONS } from '../operations.ts'

/** When windows and freezes open and close next. */
export const freezeRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  fastify.route({
    ...OPERATIONS.showFreezes,
    handler: () => describeFreezes(deps.installation, deps.now()),
  })
  done()
}

function describeFreezes({ calendars, freezes, targets }: Installation, at: Instant): AnswerTo<'showFreezes'> {
  const look = createOverview(calendars, at)
  return {
    at,
    windows: calendars.windows.map((name) => ({ name, ...look({ only: [name], freeze: [] }) })),
    freezes: Object.entries(freezes).map(([name, form]) => ({
      name,
      override: (typeof form === 'string' ? undefined : form.override) ?? null,
      ...look({ only: [], freeze: [name] }),
    })),
    targets: targets.flatMap(({ service, environment, freezes: own = [] }) =>
      own.length === 0 ? [] : [{ service, environment, freezes: own, ...look({ only: [], freeze: own }) }],
    ),
  }
}

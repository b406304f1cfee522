import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import type { Installation } from '../../config/installation.ts'
import { SluiceError } from '../../domain/errors.ts'
import { isRecord } from '../../domain/json.ts'
import { releaseIdOf } from '../../domain/target.ts'
import type { Instant } from '../../domain/units.ts'
import { signatureProblem } from '../../outbound/signature.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { parseJsonBodies } from '../json-body.ts'
import { SIGNED_OPERATIONS } from '../operations.ts'

/**
 * The answers to calls that come later. Whoever was called signs them with the secret of the call, so that nobody needs a token,
 * and the key in what is signed binds an answer to one call of one release.
 */
export const callbackRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  const texts = new WeakMap<FastifyRequest, string>()
  parseJsonBodies(fastify, (request, text) => void texts.set(request, text))

  fastify.route({
    ...SIGNED_OPERATIONS.hearCallback,
    // Before the body is looked at any further.
    preValidation: async (request) => {
      refuseUnsigned(request, texts.get(request) ?? '', deps.installation, deps.now())
    },
    handler: ({ params, body: { call, key, answer, reason } }) => {
      const releaseId = releaseIdOf(params, params.number)
      return deps.releases.hearCallback(releaseId, { call, key, isDone: answer === 'done', reason })
    },
  })
  done()
}

/** One answer for whatever is wrong: who does not know the secret is to learn nothing of the calls. */
function refuseUnsigned(
  { body, headers }: FastifyRequest,
  text: string,
  { hooks = {} }: Installation,
  now: Instant,
): void {
  const call = isRecord(body) ? body['call'] : undefined
  const hook = typeof call === 'string' && Object.hasOwn(hooks, call) ? hooks[call] : undefined
  const secret = process.env[hook?.webhook?.secret?.env ?? '']
  if (secret !== undefined && secret !== '' && signatureProblem(secret, text, headers, now) === null) return
  throw new SluiceError('request.unauthenticated', {
    message: 'this callback is not signed with the secret of its call, or its time is more than 5 minutes off',
    expected: 'sluice-timestamp, and sluice-signature over it and the body',
    fix: 'sign it as docs/hooks/webhook.md says; the API needs the secret in its environment as well',
  })
}

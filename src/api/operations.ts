import type { z } from 'zod'
import { calibration } from './wire/calibration.ts'
import { callbackOutcome } from './wire/callback.ts'
import { freezes } from './wire/freezes.ts'
import { document, health, readiness } from './wire/operation.ts'
import { checkedPipeline, pipelineCard, pipelineOutcome, pipelinePage, pipelineStarted } from './wire/pipeline.ts'
import { checkedPlan, designedPlan } from './wire/plan-check.ts'
import { errorCode } from './wire/problem.ts'
import { keptRehearsal, readinessReport } from './wire/readiness.ts'
import { card, commandOutcome, page, submission, ticket } from './wire/release.ts'
import {
  allowBody,
  backBody,
  calibrationBody,
  callbackBody,
  checkBody,
  codeParams,
  commandBody,
  designBody,
  freezeBody,
  listQuery,
  pinBody,
  pipelineCheckBody,
  pipelineCommandBody,
  pipelineListQuery,
  pipelineParams,
  pipelineStartBody,
  readinessBody,
  recoverBody,
  rehearsalBody,
  releaseParams,
  SMALL_BODY,
  startBody,
  targetParams,
  ticketBody,
} from './wire/requests.ts'
import { lane, targets } from './wire/target.ts'

/** One thing that can be asked over HTTP, in the shape in which Fastify takes a route. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly bodyLimit?: number
  readonly schema: {
    /** One sentence for people. */
    readonly summary: string
    readonly params?: z.ZodObject
    readonly querystring?: z.ZodObject
    readonly body?: z.ZodObject
    /** By status; none where the answer is a text. */
    readonly response?: Readonly<Record<number, z.ZodObject>>
  }
}

/** Below `/api/v1`, for whoever has a token. Routes, types of the CLI and the OpenAPI document are made from these. */
export const OPERATIONS = {
  startRelease: {
    method: 'POST',
    url: '/releases',
    schema: { summary: 'Start a release', body: startBody, response: { 201: submission } },
  },
  listReleases: {
    method: 'GET',
    url: '/releases',
    schema: { summary: 'The releases, newest first', querystring: listQuery, response: { 200: page } },
  },
  showRelease: {
    method: 'GET',
    url: '/releases/:service/:environment/:number',
    schema: { summary: 'One release', params: releaseParams, response: { 200: card } },
  },
  sendCommand: {
    method: 'POST',
    url: '/releases/:service/:environment/:number/commands',
    bodyLimit: SMALL_BODY,
    schema: {
      summary: 'Ask something of a release',
      params: releaseParams,
      body: commandBody,
      response: { 200: commandOutcome, 202: commandOutcome },
    },
  },
  giveTicket: {
    method: 'POST',
    url: '/releases/:service/:environment/:number/tickets',
    bodyLimit: SMALL_BODY,
    schema: {
      summary: 'Make a try-it ticket, which puts one person on the canary',
      params: releaseParams,
      body: ticketBody,
      response: { 201: ticket },
    },
  },
  checkPlan: {
    method: 'POST',
    url: '/plans/check',
    schema: {
      summary: 'Say what is wrong with a plan, and what its bakes can see',
      body: checkBody,
      response: { 200: checkedPlan },
    },
  },
  designPlan: {
    method: 'POST',
    url: '/plans/design',
    schema: {
      summary: 'Propose a plan for the traffic of a target, and a harm that its bakes are to see',
      body: designBody,
      response: { 200: designedPlan },
    },
  },
  askReadiness: {
    method: 'POST',
    url: '/readiness',
    schema: {
      summary: 'Go through the checklist before a release of a plan; nothing is changed',
      body: readinessBody,
      response: { 200: readinessReport },
    },
  },
  startPipeline: {
    method: 'POST',
    url: '/pipelines',
    schema: {
      summary: 'Take a version through the stages of a pipeline',
      body: pipelineStartBody,
      response: { 201: pipelineStarted },
    },
  },
  listPipelines: {
    method: 'GET',
    url: '/pipelines',
    schema: {
      summary: 'The pipelines, newest first',
      querystring: pipelineListQuery,
      response: { 200: pipelinePage },
    },
  },
  checkPipeline: {
    method: 'POST',
    url: '/pipelines/check',
    schema: {
      summary: 'Say what is wrong with a pipeline and the plans of its stages',
      body: pipelineCheckBody,
      response: { 200: checkedPipeline },
    },
  },
  showPipeline: {
    method: 'GET',
    url: '/pipelines/:name/:run',
    schema: { summary: 'One pipeline', params: pipelineParams, response: { 200: pipelineCard } },
  },
  commandPipeline: {
    method: 'POST',
    url: '/pipelines/:name/:run/commands',
    bodyLimit: SMALL_BODY,
    schema: {
      summary: 'Ask something of a pipeline',
      params: pipelineParams,
      body: pipelineCommandBody,
      response: { 200: pipelineOutcome },
    },
  },
  keepRehearsal: {
    method: 'POST',
    url: '/rehearsals',
    schema: {
      summary: 'Keep what a rehearsal of a plan has shown',
      body: rehearsalBody,
      response: { 201: keptRehearsal },
    },
  },
  calibrate: {
    method: 'POST',
    url: '/calibrations',
    schema: {
      summary: 'Replay the past of a target through the checks of a plan',
      body: calibrationBody,
      response: { 200: calibration },
    },
  },
  listTargets: {
    method: 'GET',
    url: '/targets',
    schema: { summary: 'What can be released to', response: { 200: targets } },
  },
  showFreezes: {
    method: 'GET',
    url: '/freezes',
    schema: { summary: 'When windows and freezes open and close next', response: { 200: freezes } },
  },
  showLane: {
    method: 'GET',
    url: '/lanes/:service/:environment',
    schema: {
      summary: 'What runs on a target, what waits, and who holds its router',
      params: targetParams,
      response: { 200: lane },
    },
  },
  freezeLane: {
    method: 'POST',
    url: '/lanes/:service/:environment/freeze',
    bodyLimit: SMALL_BODY,
    schema: {
      summary: 'Let no release start on a target',
      params: targetParams,
      body: freezeBody,
      response: { 200: lane },
    },
  },
  unfreezeLane: {
    method: 'DELETE',
    url: '/lanes/:service/:environment/freeze',
    schema: { summary: 'Let releases start again', params: targetParams, response: { 200: lane } },
  },
  allowVersion: {
    method: 'POST',
    url: '/lanes/:service/:environment/allow',
    bodyLimit: SMALL_BODY,
    schema: {
      summary: 'Let a version start again that was rolled back',
      params: targetParams,
      body: allowBody,
      response: { 200: lane },
    },
  },
  pinLane: {
    method: 'POST',
    url: '/lanes/:service/:environment/pin',
    bodyLimit: SMALL_BODY,
    schema: {
      summary: 'Keep a target on the version that it has',
      params: targetParams,
      body: pinBody,
      response: { 200: lane },
    },
  },
  unpinLane: {
    method: 'DELETE',
    url: '/lanes/:service/:environment/pin',
    schema: { summary: 'Lift the pin of a target', params: targetParams, response: { 200: lane } },
  },
  goBack: {
    method: 'POST',
    url: '/lanes/:service/:environment/back',
    bodyLimit: SMALL_BODY,
    schema: {
      summary: 'Return to the version before, whose pool is kept',
      params: targetParams,
      body: backBody,
      response: { 201: submission },
    },
  },
  recoverTarget: {
    method: 'POST',
    url: '/targets/:service/:environment/recover',
    bodyLimit: SMALL_BODY,
    schema: {
      summary: 'Bring everybody back to one pool, whoever holds the router',
      params: targetParams,
      body: recoverBody,
      response: { 200: lane },
    },
  },
} as const satisfies Readonly<Record<string, Operation>>

/** For machines, open to everyone who reaches the port. */
export const OPEN_OPERATIONS = {
  isAlive: {
    method: 'GET',
    url: '/healthz',
    schema: { summary: 'Whether the process answers', response: { 200: health } },
  },
  isReady: {
    method: 'GET',
    url: '/readyz',
    schema: { summary: 'Whether Temporal answers', response: { 200: readiness, 503: readiness } },
  },
  describeApi: {
    method: 'GET',
    url: '/openapi.json',
    schema: { summary: 'This API as OpenAPI 3.1', response: { 200: document } },
  },
  metrics: { method: 'GET', url: '/metrics', schema: { summary: 'Figures for Prometheus' } },
  describeError: {
    method: 'GET',
    url: '/errors/:code',
    schema: { summary: 'What an error code means', params: codeParams, response: { 200: errorCode } },
  },
} as const satisfies Readonly<Record<string, Operation>>

/** For those whom a call was sent to: from afar, and signed with the secret of the call. */
export const SIGNED_OPERATIONS = {
  hearCallback: {
    method: 'POST',
    url: '/callbacks/:service/:environment/:number',
    bodyLimit: SMALL_BODY,
    schema: {
      summary: 'Say how a call has ended that was sent to you',
      params: releaseParams,
      body: callbackBody,
      response: { 200: callbackOutcome },
    },
  },
} as const satisfies Readonly<Record<string, Operation>>

type Responses<Name extends keyof typeof OPERATIONS> = (typeof OPERATIONS)[Name]['schema']['response']

/** What an operation answers when it is done, as JSON over the wire. */
export type AnswerTo<Name extends keyof typeof OPERATIONS> = z.infer<
  Extract<Responses<Name>[keyof Responses<Name>], z.ZodType>
>

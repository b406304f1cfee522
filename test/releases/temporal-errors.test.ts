import {
  QueryNotRegisteredError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { SluiceError } from '../../src/domain/errors.ts'
import { fateOf, notSettled, toSluiceError } from '../../src/releases/temporal-errors.ts'
import { untilAnswered } from '../../src/releases/tries.ts'
import { UNSTARTED_STEP } from '../../src/workflows/messages.ts'

function grpc(code: number, details: string): Error {
  return Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} })
}

const wrapped = (cause: Error) => new ServiceError('Workflow Update failed', { cause })
const rejected = (type: string, message = 'no') =>
  new WorkflowUpdateFailedError('Workflow Update failed', ApplicationFailure.nonRetryable(message, type))

const REFUSED = grpc(14, 'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:7233')
const NO_PEER = grpc(
  4,
  'Deadline exceeded after 2.001s,name resolution: 0.002s,metadata filters: 0.001s,Waiting for LB pick',
)
const SILENT = grpc(4, 'Deadline exceeded after 2.001s,LB pick: 0.001s,remote_addr=127.0.0.1:7233')
const FULL = grpc(8, 'limit on number of concurrent in-flight updates has been reached (10)')
const TOTAL = grpc(
  9,
  'The limit on the total number of distinct updates in this workflow has been reached (2000). Make',
)
const FAILING = grpc(9, 'Unable to perform workflow execution update due to unexpected workflow task failure.')
/** Of an update that may begin its workflow the client puts what was said into the message alone. */
const FAILING_AT_START = Object.assign(grpc(9, 'Update-with-Start could not be executed.'), {
  message: 'Unable to perform workflow execution update due to Workflow Task in failed state.',
})

describe('what is known of a call that failed', () => {
  it.each([
    ['no connection', wrapped(REFUSED), false],
    [
      'no connection until the deadline',
      new WorkflowUpdateRPCTimeoutOrCancelledError('late', { cause: NO_PEER }),
      false,
    ],
    ['over a limit', wrapped(FULL), true],
    ['no update any more in this run', wrapped(TOTAL), true],
    ['a worker that fails at the workflow', wrapped(FAILING), true],
    ['a worker that fails at the workflow that it was to begin', wrapped(FAILING_AT_START), true],
    ['a query in the way', rejected('UnprocessedUpdate'), false],
  ])('%s: it had no effect', (_name, error, isLimit) => {
    expect(fateOf(error)).toMatchObject({ kind: 'not-taken', isLimit })
    expect(toSluiceError(error, 'release/a/b/1')).toMatchObject({ code: 'temporal.unavailable' })
    expect(notSettled('abort of release/a/b/1', false, error)).toMatchObject({
      code: 'request.not-taken',
      status: 503,
      isRetryable: true,
      message: expect.stringMatching(/^abort of release\/a\/b\/1 was not accepted: /),
    })
  })

  it.each([
    ['no answer in time', new WorkflowUpdateRPCTimeoutOrCancelledError('late', { cause: SILENT })],
    ['a connection that broke', wrapped(grpc(14, 'Connection dropped'))],
    ['a stream that was reset', wrapped(grpc(13, 'Received RST_STREAM with code 2'))],
    ['an update that the server lost', wrapped(grpc(14, 'workflow update was aborted'))],
    ['a run that ended with the update in it', rejected('AcceptedUpdateCompletedWorkflow')],
    ['a question that came before the step', new QueryNotRegisteredError(UNSTARTED_STEP, 3)],
  ])('%s: it may have had one', (_name, error) => {
    expect(fateOf(error).kind).toBe('unknown')
    expect(notSettled('abort of release/a/b/1', true, error)).toMatchObject({
      code: 'request.unsettled',
      message: expect.stringContaining('may still be carried out'),
    })
  })

  it.each([
    ['a refusal by the release', rejected('command.stale'), 'command.stale'],
    ['a release that is not there', new WorkflowNotFoundError('no', 'release/a/b/1', undefined), 'release.unknown'],
  ])('%s: it was answered', (_name, error, code) => {
    expect(fateOf(error).kind).toBe('settled')
    expect(toSluiceError(error, 'release/a/b/1')).toMatchObject({ code })
  })

  it('is not guessed of an error that nobody knows', () => {
    const defect = rejected('TypeError', 'x is not a function')
    expect(fateOf(defect).kind).toBe('settled')
    expect(toSluiceError(defect, 'release/a/b/1')).not.toBeInstanceOf(SluiceError)
  })
})

describe('a call that is sent again', () => {
  let time = 0
  const tries = {
    ...{ what: 'release/a/b/1', until: 200, now: () => (time += 10) },
    giveUp: (mayHaveLanded: boolean, last: unknown) => notSettled('it', mayHaveLanded, last),
  }
  const failing = (...errors: readonly Error[]) => {
    const left = [...errors]
    return async () => {
      const next = left.shift()
      if (next !== undefined) throw next
      return 'taken'
    }
  }

  it('is answered in the end', async () => {
    time = 0
    const seen: string[] = []
    const call = failing(wrapped(FULL), rejected('UnprocessedUpdate'), wrapped(REFUSED))
    await expect(untilAnswered({ ...tries, onFailure: ({ kind }) => void seen.push(kind) }, call)).resolves.toBe(
      'taken',
    )
    expect(seen).toEqual(['not-taken', 'not-taken', 'not-taken'])
  })

  it('is not sent again once it was answered with a no', async () => {
    time = 0
    const call = failing(wrapped(FULL), rejected('command.refused'))
    await expect(untilAnswered(tries, call)).rejects.toMatchObject({ code: 'command.refused' })
  })

  it('that was turned away each time is said not to be taken', async () => {
    time = 150
    await expect(untilAnswered(tries, failing(...Array(9).fill(wrapped(REFUSED))))).rejects.toMatchObject({
      code: 'request.not-taken',
    })
  })

  it('of which one try may have arrived is not said to be lost, whatever the others came to', async () => {
    time = 100
    const call = failing(wrapped(SILENT), ...Array(9).fill(wrapped(REFUSED)))
    await expect(untilAnswered(tries, call)).rejects.toMatchObject({ code: 'request.unsettled' })
  })
})

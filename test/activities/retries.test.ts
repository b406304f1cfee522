import { ApplicationFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { describe, expect, it } from 'vitest'
import { createActivities } from '../../src/activities/create-activities.ts'
import type { ActivityDependencies } from '../../src/activities/dependencies.ts'
import { ERROR_CODES, type ErrorCode } from '../../src/domain/error-codes.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import type { TargetId } from '../../src/domain/target.ts'

describe('an activity that fails', () => {
  it.each(Object.entries(ERROR_CODES))(
    'with %s is tried again only if the table of codes says so',
    async (code, { retry }) => {
      const deps = {
        adaptersOf() {
          throw new SluiceError(code as ErrorCode, { message: 'something is wrong' })
        },
      }
      const activities = createActivities(deps as unknown as ActivityDependencies)
      const target = { service: 'shop', environment: 'production' }
      const failure = await new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
        .run((input: TargetId) => activities.readBaseline(input), target)
        .catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(ApplicationFailure)
      expect(failure).toMatchObject({ type: code, nonRetryable: retry === 'never' })
    },
  )
})

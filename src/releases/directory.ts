import type { Client } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/client'
import type { OpenRelease } from '../activities/activities.ts'
import type { GuardState } from '../domain/guard.ts'
import { parseReleaseId, type TargetId } from '../domain/target.ts'

/** What Temporal itself knows about releases: pending guards, open workflows, numbers that were used. */
export interface Directory {
  guardStateOf(releaseId: string): Promise<GuardState | null>
  isOpen(releaseId: string): Promise<boolean>
  findReleases(target: TargetId): Promise<{ open: OpenRelease | null; highest: number }>
}

export function createDirectory(client: Client): Directory {
  return {
    async guardStateOf(releaseId) {
      const { raw } = await client.workflow.getHandle(releaseId).describe()
      const guard = (raw.pendingActivities ?? []).find(({ activityType }) => activityType?.name === 'guard')
      const [payload] = guard?.heartbeatDetails?.payloads ?? []
      if (payload?.data === undefined || payload.data === null) return null
      // Only our own guard writes these details, in the same version or an older one of this very type.
      return client.options.loadedDataConverter.payloadConverter.fromPayload<GuardState>(payload)
    },
    async isOpen(releaseId) {
      try {
        const { status } = await client.workflow.getHandle(releaseId).describe()
        return status.name === 'RUNNING'
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false
        throw error
      }
    },
    async findReleases({ service, environment }) {
      const query = `WorkflowType = 'release' AND SluiceService = '${service}' AND SluiceEnvironment = '${environment}'`
      let open: OpenRelease | null = null
      let highest = 0
      for await (const { workflowId, status } of client.workflow.list({ query })) {
        const number = parseReleaseId(workflowId)?.number ?? 0
        highest = Math.max(highest, number)
        if (status.name === 'RUNNING' && (open === null || number > open.number))
          open = { releaseId: workflowId, number }
      }
      return { open, highest }
    },
  }
}

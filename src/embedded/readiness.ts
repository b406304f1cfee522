import { Connection } from '@temporalio/client'
import { fetchText } from '../outbound/fetch-text.ts'

/** True when the address answers with a success within a second. */
export async function answers(url: string): Promise<boolean> {
  const answer = await fetchText(fetch, url, {}, { deadline: 1_000, maxBytes: 1024 * 1024 })
  return answer.kind === 'answer' && answer.status >= 200 && answer.status < 300
}

/** True when a Temporal server answers and its default namespace is there. */
export async function temporalServes(address: string): Promise<boolean> {
  let connection: Connection | undefined
  try {
    connection = await Connection.connect({ address, connectTimeout: '1s' })
    await connection.withDeadline(Date.now() + 1_000, async () =>
      connection?.workflowService.describeNamespace({ namespace: 'default' }),
    )
    return true
  } catch {
    return false
  } finally {
    await connection?.close()
  }
}

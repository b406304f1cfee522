import { WorkflowClient } from '@temporalio/client'

/**
 * Preloaded into a process that is to be killed: once Temporal has answered the update that STOP_AFTER names, nothing goes on
 * from there, and the parent is told so. What was asked for is done, and nobody has heard of it.
 */
const { prototype } = WorkflowClient
const before = Object.create(null, Object.getOwnPropertyDescriptors(prototype))

/** @typedef {[update: { readonly name: string }, ...options: unknown[]]} Sent */

/**
 * @param {Sent} sent
 * @param {Promise<unknown>} answer
 */
async function standStill([{ name }], answer) {
  await answer
  if (name !== process.env['STOP_AFTER']) return answer
  process.send?.('stopped')
  return new Promise(() => {})
}

Object.assign(prototype, {
  /**
   * @this {WorkflowClient}
   * @param {Sent} sent
   */
  executeUpdateWithStart(...sent) {
    return standStill(sent, Reflect.apply(before.executeUpdateWithStart, this, sent))
  },
  /**
   * @this {WorkflowClient}
   * @param {string[]} ids
   */
  getHandle(...ids) {
    const handle = Reflect.apply(before.getHandle, this, ids)
    /** @param {Sent} sent */
    const executeUpdate = (...sent) => standStill(sent, Reflect.apply(handle.executeUpdate, handle, sent))
    return { ...handle, executeUpdate }
  },
})

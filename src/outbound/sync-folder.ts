import { open } from 'node:fs/promises'

/** A name in a folder, new or changed, outlives a power cut once the folder itself is on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

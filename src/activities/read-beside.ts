import type { MetricSource } from '../metrics/metric-source.ts'

/** What is read of metric sources beside the looks, as it may take longer than one. */
interface RecordReader<T> {
  /** What was read of this source; undefined while it is being read, null where it could not be. */
  readonly take: (source: MetricSource, read: () => Promise<T | null>) => T | null | undefined
}

interface Reading<T> {
  value: T | null
  isOver: boolean
}

/** A source that is opened anew is read anew, and so is one whose reading was taken. */
export function createReadBeside<T>(): RecordReader<T> {
  const readings = new WeakMap<MetricSource, Reading<T>>()
  return {
    take(source, read) {
      const reading = readings.get(source) ?? begin(read)
      readings.set(source, reading)
      if (!reading.isOver) return undefined
      readings.delete(source)
      return reading.value
    },
  }
}

function begin<T>(read: () => Promise<T | null>): Reading<T> {
  const reading: Reading<T> = { value: null, isOver: false }
  void read()
    .then((value) => {
      reading.value = value
    })
    // A record that cannot be read is as good as none: checks go on by this release alone.
    .catch(() => undefined)
    .finally(() => {
      reading.isOver = true
    })
  return reading
}

import type {DiskModel} from '../../../src/aio/sim/disk-model.js'

/**
 * A flash disk to reckon with by hand. One sector takes 1000 ns at the medium and 500 ns on the interface; a command takes
 * 2000 ns, a flush 10,000 ns, the way back to the host 1000 ns. The cache holds eight sectors.
 */
export const TOY: DiskModel = {
  name: 'toy',
  channels: 1,
  scheduling: 'fifo',
  roundTripNs: 1_000,
  commandNs: 2_000,
  trackToTrackNs: 0,
  fullStrokeNs: 0,
  rotationNs: 0,
  mediumBytesPerSecond: 512e6,
  interfaceBytesPerSecond: 1024e6,
  cacheBytes: 8 * 512,
  flushNs: 10_000,
  flushAlone: false,
  hasFua: false,
  fuaNs: 0,
  hostCallNs: 100,
  memoryBytesPerSecond: 5.12e9,
}

/** The same with a head: a seek takes 1000 to 9000 ns, half a turn 3000 ns. */
export const TOY_HDD: DiskModel = {
  ...TOY,
  name: 'toy hdd',
  trackToTrackNs: 1_000,
  fullStrokeNs: 9_000,
  rotationNs: 3_000,
}

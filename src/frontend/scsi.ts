import type {Frontend, FrontendFacts} from './facts.js'
import {featuresFrom} from './feature.js'
import {factsFrom, linux2009, linux2023, LINUX_TODAY, notes2009} from './source.js'

const qemu = factsFrom('QEMU hw/scsi/scsi-disk.c', 2023)
const sbc = factsFrom('SBC-3', 2009)
const feature = featuresFrom('SBC-3')

const past: FrontendFacts = {
  name: 'scsi',
  flushCommand: notes2009(true, 'SYNCHRONIZE CACHE is implemented'),
  writeCache: notes2009('always', 'the device sets the write cache enabled bit'),
  driverFlushes: notes2009(true, 'the driver flushes a disk that advertises a write cache'),
  fua: notes2009(false, 'no FUA write is spoken of'),
  driverOrder: notes2009('drain', 'the guest drains its queue at a barrier'),
  ordersTags: notes2009(false, 'Linux does not use tag ordering yet'),
  writesThroughUnasked: notes2009(false, 'the cache mode decides alone'),
  flushStallsGuest: notes2009(true, 'the virtual CPU stands still while the host syncs'),
  features: notes2009(['WCE', 'SYNCHRONIZE CACHE'], 'the write cache enabled bit and its command'),
  extras: notes2009([], 'nothing else that matters here'),
  driverKnows: linux2009(['WCE', 'DPOFUA', 'SYNCHRONIZE CACHE'], 'sd reads the caching mode page'),
  writeCacheSwitch: notes2009('impossible', 'no switch is spoken of'),
  flushWithData: sbc('impossible', 'SYNCHRONIZE CACHE carries no data'),
  asksForDirectIo: notes2009(false, 'the cache mode decides alone'),
}

const today: FrontendFacts = {
  name: 'scsi',
  flushCommand: qemu(true, 'SYNCHRONIZE CACHE (35h) becomes an asynchronous sync'),
  writeCache: qemu('mode', 'WCE in the caching mode page follows the write cache of the mode'),
  ...LINUX_TODAY,
  fua: qemu(true, 'DPOFUA is set, and a FUA write is stable when it completes'),
  ordersTags: qemu(false, 'ordered tags are not kept in order'),
  writesThroughUnasked: qemu(false, 'the cache mode decides alone'),
  flushStallsGuest: qemu(false, 'the sync runs beside the guest'),
  features: qemu(['WCE', 'DPOFUA', 'SYNCHRONIZE CACHE'], 'the caching mode page'),
  extras: qemu(['UNMAP', 'WRITE SAME'], 'the logical block provisioning page'),
  driverKnows: linux2023(
    ['WCE', 'DPOFUA', 'SYNCHRONIZE CACHE', 'UNMAP', 'WRITE SAME'],
    'sd reads the caching mode page and the logical block provisioning page',
  ),
  writeCacheSwitch: qemu('flushes', 'a MODE SELECT that clears WCE flushes before the write cache is off'),
  flushWithData: sbc('impossible', 'SYNCHRONIZE CACHE carries no data'),
  asksForDirectIo: qemu(false, 'the cache mode decides alone'),
}

const vocabulary = [
  feature('WCE', 'caching mode page', 2009, ['advert']),
  feature('DPOFUA', 'mode parameter header', 2009, ['fua']),
  feature('SYNCHRONIZE CACHE', 'opcode 35h', 2009, ['flush']),
  feature('UNMAP', 'logical block provisioning page', 2009, ['discard']),
  feature('WRITE SAME', 'logical block provisioning page', 2009, ['write-zeroes']),
]

export const scsi: Frontend = {
  name: 'scsi',
  title: 'emulated SCSI disk',
  past,
  today,
  negotiates: sbc(false, 'the guest reads mode pages and tells the disk nothing of what it will use'),
  vocabulary,
  flushingDriver: undefined,
}

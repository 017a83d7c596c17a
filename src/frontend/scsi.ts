import type {Frontend, FrontendFacts} from './facts.js'
import {factsFrom, LINUX_TODAY, notes2009} from './source.js'

const qemu = factsFrom('QEMU hw/scsi/scsi-disk.c', 2023)

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
}

export const scsi: Frontend = {name: 'scsi', title: 'emulated SCSI disk', past, today}

import type {Frontend, FrontendFacts} from './facts.js'
import {blkfront2010, factsFrom, LINUX_TODAY} from './source.js'

const qemu = factsFrom('QEMU hw/block/xen-block.c', 2023)
const blkif = factsFrom('Xen include/public/io/blkif.h', 2023)
const directIo = factsFrom('"xen_disk: support direct-io-safe backend option", qemu-devel, June 2013', 2013)

const past: FrontendFacts = {
  name: 'xen-blkback',
  flushCommand: blkfront2010(true, 'an empty WRITE_BARRIER would make all earlier writes stable'),
  writeCache: blkfront2010('always', 'the backend sets feature-barrier'),
  driverFlushes: blkfront2010(
    false,
    'blkfront declares tag ordering without a flush step, so an empty barrier ends inside the guest, nothing reaches the backend, and fsync reports success',
  ),
  fua: blkfront2010(false, 'WRITE_BARRIER is the only write with a promise of its own'),
  driverOrder: blkfront2010(
    'tag',
    'the guest leaves the order to the device: a barrier with data becomes a WRITE_BARRIER',
  ),
  ordersTags: blkfront2010(
    true,
    'blkback hands it to the host as a barrier, which nothing passes (xen_disk of QEMU announced barriers and did not order them: behind it the order is lost)',
  ),
  writesThroughUnasked: blkfront2010(false, 'the cache mode decides alone'),
  flushStallsGuest: blkfront2010(false, 'the backend runs beside the guest'),
  features: blkfront2010(['feature-barrier'], 'the backend key blkfront maps to tag ordering'),
}

const today: FrontendFacts = {
  name: 'xen-blkback',
  flushCommand: blkif(true, 'BLKIF_OP_FLUSH_DISKCACHE (3) is implemented'),
  writeCache: directIo(
    'always',
    'the backend sets feature-flush-cache (Linux blkback passes on what the device below it has)',
  ),
  ...LINUX_TODAY,
  fua: qemu(false, 'no request makes one write stable by itself: the guest flushes after the write instead'),
  ordersTags: qemu(false, 'WRITE_BARRIER is answered with an error'),
  writesThroughUnasked: qemu(false, 'the cache mode decides alone'),
  flushStallsGuest: qemu(false, 'the sync runs beside the guest'),
  features: directIo(['feature-flush-cache'], 'a key in xenstore, written by the backend'),
}

export const xenBlkback: Frontend = {name: 'xen-blkback', title: 'Xen paravirtual block backend', past, today}

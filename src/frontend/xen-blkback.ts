import type {Frontend, FrontendFacts} from './facts.js'
import {featuresFrom} from './feature.js'
import {blkfront2010, factsFrom, linux2023, LINUX_TODAY} from './source.js'

const qemu = factsFrom('QEMU hw/block/xen-block.c', 2023)
const blkif = factsFrom('Xen include/public/io/blkif.h', 2023)
const feature = featuresFrom('Xen include/public/io/blkif.h')
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
  extras: blkfront2010([], 'nothing else that matters here'),
  driverKnows: blkfront2010(
    ['feature-barrier', 'feature-barrier=0'],
    'without the key blkfront drains its queue; where it is 1 it leaves the order to tags; where it is 0 it does nothing',
  ),
  writeCacheSwitch: blkfront2010('impossible', 'no key switches it'),
  flushWithData: blkfront2010('impossible', 'the only flush is an empty WRITE_BARRIER; with data it is a barrier'),
  asksForDirectIo: blkfront2010(false, 'there is no such key yet'),
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
  extras: qemu(['feature-discard'], 'a key in xenstore, where the image can be discarded'),
  driverKnows: linux2023(
    ['feature-barrier', 'feature-flush-cache', 'feature-discard'],
    'blkfront prefers feature-flush-cache, and flushes with an empty WRITE_BARRIER where there is only feature-barrier',
  ),
  writeCacheSwitch: blkif('impossible', 'no key switches it'),
  flushWithData: qemu(
    'flush-write',
    'FLUSH_DISKCACHE with segments is a flush and then the write: no flush follows, and its own data may stay volatile',
  ),
  asksForDirectIo: directIo(
    true,
    'direct-io-safe is 0 by default, and only where it is 1 may the backend use O_DIRECT on pages of the guest',
  ),
}

const vocabulary = [
  feature('feature-barrier', 'key of the backend, 1', 2009, ['flush', 'advert', 'tags'], {
    excludes: ['feature-barrier=0'],
  }),
  feature('feature-barrier=0', 'key of the backend, 0', 2009, ['unordered']),
  feature('feature-flush-cache', 'key of the backend, 1', 2011, ['flush', 'advert']),
  feature('feature-discard', 'key of the backend, 1', 2011, ['discard']),
]

export const xenBlkback: Frontend = {
  name: 'xen-blkback',
  title: 'Xen paravirtual block backend',
  past,
  today,
  negotiates: blkif(false, 'the guest reads keys of the backend and tells it nothing of what it will use'),
  vocabulary,
  flushingDriver: undefined,
}

import type {Frontend, FrontendFacts} from './facts.js'
import {featuresFrom} from './feature.js'
import {factsFrom, linux2009, linux2023, LINUX_TODAY, notes2009} from './source.js'

const qemu = factsFrom('QEMU hw/ide/core.c', 2023)
const ata = factsFrom('ATA8-ACS', 2009)
const feature = featuresFrom('ATA8-ACS, IDENTIFY DEVICE')

const past: FrontendFacts = {
  name: 'ide',
  flushCommand: notes2009(true, 'FLUSH CACHE and FLUSH CACHE EXT are implemented'),
  writeCache: notes2009('never', 'the device does not set the write cache bit in ATA IDENTIFY'),
  driverFlushes: notes2009(true, 'the driver flushes a disk that advertises a write cache'),
  fua: notes2009(false, 'no FUA write is spoken of'),
  driverOrder: notes2009('drain', 'the guest drains its queue at a barrier'),
  ordersTags: notes2009(false, 'there are no ordered tags'),
  writesThroughUnasked: notes2009(false, 'the cache mode decides alone'),
  flushStallsGuest: notes2009(true, 'the virtual CPU stands still while the host syncs'),
  features: notes2009([], 'nothing that tells the guest to flush'),
  extras: notes2009(['FLUSH CACHE', 'FLUSH CACHE EXT'], 'the commands are there, and no write cache to use them on'),
  driverKnows: linux2009(
    ['write cache', 'FLUSH CACHE', 'FLUSH CACHE EXT'],
    'a disk with a write cache and a flush command is flushed',
  ),
  writeCacheSwitch: notes2009('impossible', 'no switch is spoken of'),
  flushWithData: ata('impossible', 'a flush command carries no data'),
  asksForDirectIo: notes2009(false, 'the cache mode decides alone'),
}

const today: FrontendFacts = {
  name: 'ide',
  flushCommand: qemu(true, 'FLUSH CACHE (E7h) and FLUSH CACHE EXT (EAh) become an asynchronous sync'),
  writeCache: qemu('mode', 'word 85 bit 5 of ATA IDENTIFY follows the write cache of the mode'),
  ...LINUX_TODAY,
  fua: qemu(false, 'word 84 bit 6 of ATA IDENTIFY is 0: the guest flushes after the write instead'),
  ordersTags: qemu(false, 'there are no ordered tags'),
  writesThroughUnasked: qemu(false, 'the cache mode decides alone'),
  flushStallsGuest: qemu(false, 'the sync runs beside the guest'),
  features: qemu(['write cache', 'FLUSH CACHE', 'FLUSH CACHE EXT'], 'IDENTIFY words 82 to 85'),
  extras: qemu(['TRIM'], 'word 169 bit 0 of ATA IDENTIFY, where the image can be discarded'),
  driverKnows: linux2023(
    ['write cache', 'FLUSH CACHE', 'FLUSH CACHE EXT', 'TRIM'],
    'libata flushes a disk with a write cache; its use of FUA is off by default',
  ),
  writeCacheSwitch: qemu('flushes', 'SET FEATURES 82h flushes before the write cache is off'),
  flushWithData: ata('impossible', 'a flush command carries no data'),
  asksForDirectIo: qemu(false, 'the cache mode decides alone'),
}

const vocabulary = [
  feature('write cache', 'word 85 bit 5', 2009, ['advert']),
  feature('FLUSH CACHE', 'word 83 bit 12', 2009, ['flush']),
  feature('FLUSH CACHE EXT', 'word 83 bit 13', 2009, ['flush']),
  feature('WRITE FUA', 'word 84 bit 6', 2009, ['fua']),
  feature('TRIM', 'word 169 bit 0', 2009, ['discard']),
]

export const ide: Frontend = {
  name: 'ide',
  title: 'emulated IDE or AHCI disk',
  past,
  today,
  negotiates: ata(false, 'the guest reads IDENTIFY and tells the disk nothing of what it will use'),
  vocabulary,
  flushingDriver: undefined,
}

import {describe, expect, it} from 'vitest'

import type {HostFacts} from '../../src/image/index.js'
import {hostDocument} from '../../src/inspect/index.js'
import {FORMAT_NAMES, renderDocument, type FormatName} from '../../src/report/index.js'

const FACTS: HostFacts = {
  path: 'disk.img',
  kind: 'file',
  sizeBytes: 8 << 20,
  allocatedBytes: 4096,
  sparse: true,
  fileSystem: {
    name: 'ext4',
    mountPoint: '/srv',
    options: ['rw', 'nobarrier'],
    nature: 'disk',
    barriers: 'off',
    why: 'the mount option nobarrier',
  },
  layers: [
    {
      name: 'sda1',
      kind: 'partition',
      label: undefined,
      writeCache: undefined,
      ownCache: undefined,
      fua: undefined,
      logicalBlockBytes: undefined,
      physicalBlockBytes: undefined,
      rotational: undefined,
      medium: undefined,
      backing: undefined,
      below: ['sda'],
    },
    {
      name: 'sda',
      kind: 'disk',
      label: 'MODEL',
      writeCache: 'write back',
      ownCache: undefined,
      fua: false,
      logicalBlockBytes: 512,
      physicalBlockBytes: 4096,
      rotational: true,
      medium: 'rotating',
      backing: undefined,
      below: [],
    },
  ],
  direct: {supported: true, sizeFits: true, alignmentBytes: 512, memoryAlignmentBytes: 4, source: 'statx'},
  ioUring: {available: false, reason: 'it is switched off'},
  syncProbe: {
    samples: 100,
    minNs: 1000,
    medianNs: 2000,
    p90Ns: 3000,
    folder: '/srv',
    writeBytes: 4096,
    flushCounts: [{name: 'sda', flushes: 0}],
    verdict: {
      reaches: 'probably not',
      text: 'This host probably does not reach stable media.',
      certainty: 'Quite sure.',
    },
  },
  assumptions: [{text: 'Barriers are on.', holds: false, why: 'nobarrier.'}],
}

async function render(facts: HostFacts, format: FormatName = 'table'): Promise<string> {
  let text = ''
  for await (const chunk of renderDocument(hostDocument(facts), format, {width: 200, color: false})) text += chunk
  return text
}

describe('the report about a host', () => {
  it('shows file system, barriers, devices down to the disk, figures, and each assumption with its evidence', async () => {
    const text = await render(FACTS)
    for (const part of [
      '8 MiB (8388608 bytes), 4 KiB (4096 bytes) allocated (sparse)',
      'ext4 on /srv (rw,nobarrier)',
      'off: the mount option nobarrier',
      'not available: it is switched off',
      'write back',
      '512/4096',
      'at least 1 us, in the median 2 us, 9 of 10 at most 3 us',
      '0 at sda',
      '✗ not ok: This host probably does not reach stable media. Quite sure.',
    ]) {
      expect(text).toContain(part)
    }
    expect(text).toMatch(/Barriers are on\. +no +nobarrier\./)
  })

  it('says what could not be measured, and why', async () => {
    const text = await render({
      ...FACTS,
      kind: 'block device',
      fileSystem: undefined,
      syncProbe: {skipped: 'it is read-only'},
    })
    expect(text).toContain('Not measured: it is read-only.')
    expect(text).toContain('none: a block device')
  })

  it('says that nothing can be seen below', async () => {
    expect(await render({...FACTS, layers: []})).toContain('None can be seen from here.')
  })

  it('is flushpoint/host@1 as JSON, with all facts', async () => {
    const json: unknown = JSON.parse(await render(FACTS, 'json'))
    expect(json).toEqual(JSON.parse(JSON.stringify({schema: 'flushpoint/host@1', ...FACTS})))
  })

  it('can be printed in every format', async () => {
    for (const format of FORMAT_NAMES) expect((await render(FACTS, format)).length).toBeGreaterThan(0)
  })
})

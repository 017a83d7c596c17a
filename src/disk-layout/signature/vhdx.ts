import type {ByteReader} from '../byte-reader.js'
import {Fields} from '../fields.js'

/** [MS-VHDX]: region table 2.2.3, metadata table 2.6.1, the items 2.6.2.1 and 2.6.2.2. Little-endian. */
const REGIONS_AT = 192 << 10
const REGIONS_MAX = 32
const METADATA_MAX = 32
const METADATA_REGION = '8B7CA206-4790-4B9A-B8FE-575F050F886E'
const FILE_PARAMETERS = 'CAA16737-FA36-4D43-B3B6-33F0AA44E76B'
const DISK_SIZE = '2FA54224-CD1B-4876-B211-5DBED83BF4B8'

/** The sizes that the metadata of a VHDX file tell; undefined where they cannot be found. */
export function vhdxFacts(
  reader: ByteReader,
): {diskBytes: number | undefined; clusterBytes: number | undefined} | undefined {
  const regions = new Fields(reader.read(REGIONS_AT, 16 + REGIONS_MAX * 32))
  if (!regions.has(0, 'regi')) return undefined
  const region = places(REGIONS_MAX, 16).find((at) => regions.guid(at) === METADATA_REGION)
  if (region === undefined) return undefined
  const metadataAt = regions.u64(region + 16)
  const metadata = new Fields(reader.read(metadataAt, 32 + METADATA_MAX * 32))
  if (!metadata.has(0, 'metadata')) return undefined
  const item = (id: string): Fields | undefined => {
    const entry = places(METADATA_MAX, 32).find((at) => metadata.guid(at) === id)
    return entry === undefined ? undefined : new Fields(reader.read(metadataAt + metadata.u32(entry + 16), 8))
  }
  return {diskBytes: item(DISK_SIZE)?.u64(0), clusterBytes: item(FILE_PARAMETERS)?.u32(0)}
}

/** Entries of 32 bytes behind a header. */
function places(count: number, headerBytes: number): number[] {
  return Array.from({length: count}, (_, i) => headerBytes + i * 32)
}

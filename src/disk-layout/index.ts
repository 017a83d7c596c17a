/**
 * Method: what lies on a disk, read from its bytes: partition tables (partition/) and the signatures of what is in them
 * (signature/). Parsers take a ByteReader and nothing else; they ask for a bounded number of bounded pieces whatever the bytes
 * say, and never throw because of them: a table that is damaged comes with its problems, a signature that makes no sense is
 * none. Sizes and places are what the disk claims; whether they are inside the image is a problem or a warning, never assumed.
 *
 * To add one: a format is a file in signature/ that exports a Probe, and a row in signature/table.ts; a type of partition is a
 * row in partition/mbr-types.ts or partition/gpt-types.ts; something to judge about a table is a function in partition/check.ts.
 *
 * @module
 */
export {bounded, partReader, READ_BYTES_MAX, type ByteReader} from './byte-reader.js'
export {contentsOf, partitionTableOf, type Contents, type PartContents} from './contents.js'
export {gptTypeName} from './partition/gpt-types.js'
export {mbrTypeName} from './partition/mbr-types.js'
export type {Partition, PartitionTable, Problem} from './partition/table.js'
export type {Signature, Usage} from './signature/signature.js'
export type {VirtualDisk} from './signature/virtual-disk.js'

/**
 * Method: looks at an image and its host without changing a byte, and turns what it finds into documents. Read-only by type:
 * nothing here gets an image opened for writing. What the bytes mean is known to disk-layout; this room reads them from files and
 * devices, and puts them beside what the host knows.
 *
 * @module
 */
export {compareDocument} from './compare-document.js'
export {compareSources} from './compare.js'
export {digestOf, DIGESTS} from './digest.js'
export {findDocument} from './find-document.js'
export {findPattern} from './find.js'
export {hashDocument, type HashRow} from './hash-document.js'
export {chunksOf, partitionParts, sourcePart, wholePart, type HashPart} from './hash-parts.js'
export {ANYWHERE, AT_SECTORS, matchAlignmentOf} from './match-alignment.js'
export {patternOf} from './pattern.js'
export {dumpDocument} from './dump-document.js'
export {hexDump, rawBytes} from './dump.js'
export {dataRanges, mapExtents, type ExtentMap} from './extent-map.js'
export {hostDocument} from './host-document.js'
export {mapDocument} from './map-document.js'
export {rangeOf} from './range-choice.js'
export {markZeroes} from './zero-scan.js'
export {contentsOf, partitionTable} from './image-reader.js'
export {placesIn} from './image-places.js'
export {infoDocument} from './info-document.js'
export {noTable} from './no-table.js'
export {partitionsDocument} from './partitions-document.js'
export {summaryOf} from './summary.js'
export {openTarget, parseOffset, partitionStarts, placeOfName, refusePartition, type Target} from './target.js'
export {refuseShortened} from './shortened.js'
